// What stands behind the end of a stream, by one look: told from the first bytes alone.

import type { Cursor } from '../bytes/cursor.js';
import { QEMU_VM_FILE_MAGIC } from '../wire/file-header.js';
import { sectionType, type SectionHeader } from '../wire/section.js';
import { nextFits } from './footer-scan.js';

export type Follows = 'zeros' | 'stream' | 'sections' | 'unknown';

export const followWords: Readonly<Record<Follows, string>> = {
  zeros: 'zeros, as in a volume that is longer than the stream',
  stream: 'another migration stream, which no QEMU reads',
  sections: 'sections, so the end mark stands in the middle',
  unknown: 'no migration stream; an older content of the file, or appended data',
};

/** `known`: the sections that were opened before the end mark. */
export function whatFollows(cursor: Cursor, known: ReadonlyMap<number, SectionHeader>): Follows {
  const { at, end, bytes, view } = cursor;
  if (end - at >= 4 && view.getUint32(at) === QEMU_VM_FILE_MAGIC) return 'stream';
  if (bytes.subarray(at, end).every((byte) => byte === 0)) return 'zeros';
  // A second EOF byte, or the vmdescription that was looked for already, is no section.
  const section = bytes[at] !== sectionType.eof && end - at > 8 && nextFits(cursor, at, end, { known });
  return section ? 'sections' : 'unknown';
}
