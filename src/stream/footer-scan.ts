// The end of a payload of unknown format, when no vmdescription gives it: the first footer of this section after which
// the stream continues sensibly. This is a checked guess, and it is reported as a guess (docs/adr/0006).

import type { Cursor } from '../bytes/cursor.js';
import type { Window } from '../bytes/window.js';
import { commandFacts } from '../wire/command.js';
import { SECTION_FOOTER_SIZE, sectionType, type SectionHeader } from '../wire/section.js';

/** The facts that the scan compares the bytes after a footer with. */
export interface ScanContext {
  readonly section: SectionHeader;
  /** Ids that START or FULL have announced so far. */
  readonly known: ReadonlyMap<number, SectionHeader>;
  /** Absolute offset that no item can pass (the end of a PACKAGED blob). */
  readonly limit: number | undefined;
}

/** A footer, and the longest header that may follow it. */
const LOOKAHEAD = SECTION_FOOTER_SIZE + 1 + 4 + 1 + 255 + 8;
/** No device has ever had a version near this. */
const PLAUSIBLE_VERSION = 0x1_0000;

/**
 * Moves the cursor to the footer. Yields whenever the bytes before the cursor are known to be payload.
 * @throws MigrationStreamError code `truncated` when there is no such footer, `bad-command` when the blob has no such
 * footer
 */
export async function* scanToFooter(cursor: Cursor, context: ScanContext): AsyncGenerator<void> {
  for (;;) {
    await cursor.fill(LOOKAHEAD);
    const limit = context.limit === undefined ? cursor.end : Math.min(cursor.end, context.limit - cursor.base);
    const final = cursor.atEnd || limit < cursor.end;
    // Near the end of the window the bytes after a footer are not in memory yet: the next round checks them.
    const searchable = final ? limit : cursor.end - LOOKAHEAD + 1;
    while (cursor.at < searchable) {
      const found = cursor.bytes.indexOf(sectionType.footer, cursor.at);
      cursor.at = found === -1 || found >= searchable ? searchable : found;
      if (found !== cursor.at) break;
      if (footerFits(cursor, found, limit, context)) {
        yield;
        return;
      }
      cursor.at += 1;
    }
    yield;
    if (!final) continue;
    if (limit < cursor.end)
      throw cursor.fail('bad-command', 'PACKAGED blob ends inside this', { offset: context.limit! });
    throw cursor.truncated(SECTION_FOOTER_SIZE, `payload of unknown length`);
  }
}

function footerFits(window: Window, index: number, limit: number, context: ScanContext): boolean {
  if (index + SECTION_FOOTER_SIZE > limit) return false;
  if (window.view.getUint32(index + 1) !== context.section.sectionId) return false;
  return nextFits(window, index + SECTION_FOOTER_SIZE, limit, context);
}

/** Can this be the next top-level item? */
export function nextFits(window: Window, index: number, limit: number, context: Pick<ScanContext, 'known'>): boolean {
  if (index === limit) return true;
  const { view, bytes } = window;
  switch (bytes[index]) {
    case sectionType.start:
    case sectionType.full: {
      const length = bytes[index + 5] ?? 0;
      const name = bytes.subarray(index + 6, index + 6 + length);
      const end = index + 6 + length + 8;
      if (length === 0 || end > limit || !name.every((byte) => byte >= 0x20 && byte < 0x7f)) return false;
      return !context.known.has(view.getUint32(index + 1)) && view.getUint32(end - 4) < PLAUSIBLE_VERSION;
    }
    case sectionType.part:
    case sectionType.end:
      return index + 5 <= limit && context.known.has(view.getUint32(index + 1));
    case sectionType.command: {
      if (index + 5 > limit) return false;
      const facts = commandFacts[view.getUint16(index + 1)];
      return facts !== undefined && (facts.lengths === undefined || facts.lengths.includes(view.getUint16(index + 3)));
    }
    case sectionType.eof:
      return (
        index + 1 === limit ||
        (bytes[index + 1] === sectionType.vmdescription && (index + 6 >= limit || bytes[index + 6] === 0x7b))
      );
    default:
      return false;
  }
}
