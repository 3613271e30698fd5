// Sections "…/vfio": tags; data of the device follows two of them. The data has a length. The configuration has no
// length: it is a FULL section of its own, a vmstate that no JSON describes. walkVfio searches for its end. QEMU:
// vfio_save_setup(), vfio_save_iterate(), vfio_save_state() and vfio_load_state(), hw/vfio/migration.c (since 5.2).

import type { Cursor } from '../bytes/cursor.js';
import { be64, be64big } from './kit/codec.js';
import { symbol } from './kit/combine.js';
import { record, when } from './kit/record.js';
import { SECTION_FOOTER_SIZE, sectionType } from './section.js';
import { passBody, type Walk } from './walk.js';

/** The last part of the idstr. Before it comes the device's path, where the device has a path. */
export const VFIO_IDSTR = 'vfio';

/** VFIO_MIG_FLAG_* */
export const vfioTag = {
  endOfState: 0xffff_ffff_ef10_0001n,
  /** In a FULL section: the device's configuration, then endOfState. */
  deviceConfigState: 0xffff_ffff_ef10_0002n,
  /** In START: endOfState follows. */
  deviceSetupState: 0xffff_ffff_ef10_0003n,
  /** A be64 size and the data follow. */
  deviceDataState: 0xffff_ffff_ef10_0004n,
  /** Since 8.1, in place of endOfState. */
  initDataSent: 0xffff_ffff_ef10_0005n,
  /** Since 10.1, alone in a FULL section: the configuration went through a multifd channel. */
  configLoadReady: 0xffff_ffff_ef10_0006n,
} as const;

export type VfioTag = keyof typeof vfioTag;

/** `size`: bytes of data after the record. Decoding throws `bad-payload` for a tag that QEMU does not know. */
export const vfioRecord = record('vfio record', {
  tag: symbol(be64big, vfioTag, 'vfio tag'),
  size: when(({ tag }: { tag: VfioTag }) => tag === 'deviceDataState', be64),
});

const TAG_SIZE = 8;
const HIGH_HALF = 0xffff_ffff;
const LOW_HALF = Number(vfioTag.endOfState & 0xffff_ffffn);

/**
 * The configuration ends at the first endOfState tag that is followed by the footer of this section or, in a stream
 * without footers, by the next section. This is a checked guess: the eight bytes can occur in the configuration only by
 * intent.
 * @throws MigrationStreamError `bad-payload`, `address-too-large`, `truncated`
 */
export const walkVfio: Walk = async function* (cursor, section) {
  for (;;) {
    await cursor.fill(vfioRecord.maxSize);
    const { tag, size = 0 } = vfioRecord.decode(cursor);
    yield;
    switch (tag) {
      case 'deviceDataState':
        yield* passBody(cursor, size, 'vfio device data');
        break;
      case 'deviceConfigState':
        yield* passConfiguration(cursor, section.sectionId);
        return;
      case 'deviceSetupState':
        await cursor.fill(vfioRecord.maxSize);
        readEndOfSetup(cursor);
        yield;
        return;
      case 'endOfState':
      case 'initDataSent':
      case 'configLoadReady':
        return;
    }
  }
};

function readEndOfSetup(cursor: Cursor): void {
  const offset = cursor.position;
  const { tag } = vfioRecord.decode(cursor);
  if (tag !== 'endOfState')
    throw cursor.fail('bad-payload', `vfio set-up state is followed by ${tag}, not by endOfState`, { offset });
}

async function* passConfiguration(cursor: Cursor, sectionId: number): AsyncGenerator<void> {
  const lookahead = TAG_SIZE + SECTION_FOOTER_SIZE;
  for (;;) {
    await cursor.fill(lookahead);
    // Where fewer bytes are left than the look-ahead needs, the bytes after a tag are not in memory yet: the next round
    // handles the tag.
    const stop = cursor.atEnd ? cursor.end - TAG_SIZE + 1 : cursor.end - lookahead + 1;
    while (cursor.at < stop) {
      if (isEnd(cursor, cursor.at, sectionId)) {
        cursor.at += TAG_SIZE;
        yield;
        return;
      }
      cursor.at += 1;
    }
    if (cursor.atEnd) throw cursor.truncated(lookahead, 'vfio configuration of unknown length');
    yield;
  }
}

/** Types of a section that can follow this section, where this section has no footer. */
const itemTypes: readonly number[] = [
  sectionType.eof,
  sectionType.start,
  sectionType.part,
  sectionType.end,
  sectionType.full,
  sectionType.command,
];

function isEnd({ view, bytes, end }: Cursor, at: number, sectionId: number): boolean {
  if (bytes[at] !== 0xff || view.getUint32(at) !== HIGH_HALF || view.getUint32(at + 4) !== LOW_HALF) return false;
  const next = at + TAG_SIZE;
  if (next === end) return true;
  if (bytes[next] !== sectionType.footer) return itemTypes.includes(bytes[next]!);
  return next + SECTION_FOOTER_SIZE > end || view.getUint32(next + 1) === sectionId;
}
