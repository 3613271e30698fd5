// A payload that is not "ram", as chunks. Its end is found by the best available means: the walker of the format, the
// length in the vmdescription (believed only when the footer follows), or a scan for the footer.

import { vmsdNameOf } from '../base/idstr.js';
import { span } from '../base/span.js';
import { quote } from '../base/quote.js';
import type { Cursor } from '../bytes/cursor.js';
import { MAX_FILL, MAX_HELD } from '../limits.js';
import { SECTION_FOOTER_SIZE, sectionType, type SectionHeader, type SectionKind } from '../wire/section.js';
import type { Boundary, StreamEvent } from './event.js';
import { scanToFooter } from './footer-scan.js';
import type { PayloadPort, PayloadWalker } from './payload.js';
import type { ReaderState } from './reader-state.js';
import { SearchAhead } from './tail.js';

/** @throws MigrationStreamError code unknown-payload when the end cannot be found, and all errors of a walker */
export async function* readDevicePayload(
  cursor: Cursor,
  state: ReaderState,
  section: SectionHeader,
  type: SectionKind,
  limit: number | undefined,
): AsyncGenerator<StreamEvent> {
  const walker = walkerFor(state.options.port, section.idstr);
  if (walker !== undefined) {
    yield* walked(cursor, section, 'decoder', walker(cursor, section, type));
    return;
  }
  if (cursor.position >= state.heldTo) await holdBack(cursor, state);
  const length = type === 'full' && limit === undefined ? state.lengths?.next(section) : undefined;
  if (length !== undefined) {
    if (await footerStandsAt(cursor, state, section, length)) {
      yield* counted(cursor, section, length, state.options.bodies !== 'none');
      return;
    }
    // Told at the end of the stream, when the vmdescription has turned out to be the stream's own.
    state.disagreements.push({
      kind: 'warning',
      code: 'vmdescription-disagrees',
      message: `the vmdescription gives ${quote(section.idstr)} ${length} bytes, but no footer stands there`,
      path: [...cursor.path],
      span: span(cursor.position, cursor.position),
    });
  }
  if (state.footers === false) {
    throw cursor.fail(
      'unknown-payload',
      `nothing tells where the payload of ${quote(section.idstr)} ends: no vmdescription, no footers`,
      {
        hint: { code: 'vmdescription-of-file' },
      },
    );
  }
  yield* walked(cursor, section, 'footer-scan', scanToFooter(cursor, { section, known: state.sections, limit }));
}

/** Bytes of the first look for the vmdescription; each look after it is longer, up to MAX_HELD. */
const FIRST_HOLD = 64 * 1024;

/**
 * The vmdescription stands behind the devices whose lengths it gives. Device state is small, so it is taken in as far
 * as the first vmdescription, which is this stream's own; the vmdescription that ends the file may be another stream's.
 * Where more than MAX_HELD bytes stand before it, the end of the file is believed, or footers are searched for; devices
 * in front of guest memory are such a case, so the search is repeated behind what was searched.
 */
async function holdBack(cursor: Cursor, state: ReaderState): Promise<void> {
  const { port } = state.options;
  const start = cursor.position;
  const search = new SearchAhead((json) => port.lengths(json));
  for (let count = FIRST_HOLD; ; count = Math.min(count + Math.max(FIRST_HOLD, count >>> 2), MAX_HELD)) {
    const whole = await cursor.hold(count);
    const found = search.search(cursor.bytes.subarray(cursor.at, cursor.end), start);
    if (found !== undefined) {
      state.lengths = found.value;
      state.heldTo = Number.MAX_SAFE_INTEGER;
      cursor.expectEnd(found.span.end);
      return;
    }
    if (whole || count === MAX_HELD) break;
  }
  state.heldTo = start + cursor.available;
}

function walkerFor(port: PayloadPort, idstr: string): PayloadWalker | undefined {
  return port.walkers.get(idstr) ?? port.walkers.get(vmsdNameOf(idstr));
}

/**
 * Chunks as the walker confirms them. A step fills first and then reads without filling, so its bytes are in memory.
 */
async function* walked(
  cursor: Cursor,
  section: SectionHeader,
  boundary: Boundary,
  walk: AsyncGenerator<void>,
): AsyncGenerator<StreamEvent> {
  let start = cursor.position;
  const chunk = (last: boolean): StreamEvent => {
    const bytes = cursor.bytes.subarray(start - cursor.base, cursor.at);
    return { kind: 'payload', section, boundary, bytes, last, span: span(start, cursor.position) };
  };
  for await (const _ of walk) {
    if (cursor.position === start) continue;
    yield chunk(false);
    start = cursor.position;
  }
  yield chunk(true);
}

async function footerStandsAt(
  cursor: Cursor,
  state: ReaderState,
  section: SectionHeader,
  length: number,
): Promise<boolean> {
  if (state.footers === false || length + SECTION_FOOTER_SIZE > MAX_FILL) return true;
  await cursor.fill(length + SECTION_FOOTER_SIZE);
  const at = cursor.at + length;
  // The input may end inside the payload. Then the length is believed, and the error says that the payload is cut.
  if (at + SECTION_FOOTER_SIZE > cursor.end) return true;
  const stands = cursor.bytes[at] === sectionType.footer && cursor.view.getUint32(at + 1) === section.sectionId;
  return stands || (state.footers === undefined && cursor.bytes[at] !== sectionType.footer);
}

async function* counted(
  cursor: Cursor,
  section: SectionHeader,
  length: number,
  bodies: boolean,
): AsyncGenerator<StreamEvent> {
  const end = cursor.position + length;
  const boundary = 'vmdescription';
  if (!bodies) {
    const start = cursor.position;
    await cursor.skip(length);
    yield { kind: 'payload', section, boundary, bytes: new Uint8Array(0), last: true, span: span(start, end) };
    return;
  }
  do {
    await cursor.fill(1);
    const start = cursor.position;
    if (cursor.available === 0 && start < end) throw cursor.truncated(end - start, 'payload');
    const bytes = cursor.take(Math.min(cursor.available, end - start));
    yield {
      kind: 'payload',
      section,
      boundary,
      bytes,
      last: cursor.position === end,
      span: span(start, cursor.position),
    };
  } while (cursor.position < end);
}
