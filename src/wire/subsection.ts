// The header of a subsection, the same in the configuration section and in device state. QEMU:
// vmstate_subsection_save() and _load(), migration/vmstate.c.

import { be32, counted, encodeBytes, u8 } from './kit/codec.js';
import { record } from './kit/record.js';
import { sectionType } from './section.js';

/** `name` is the full name and begins with the parent's name; `mark` is `sectionType.subsection`. */
export const subsectionHeader = record('subsection header', {
  mark: u8,
  name: counted,
  version: be32,
});

/**
 * The bytes of a header. @throws MigrationStreamError code `cannot-encode`: the name or version does not fit the wire
 */
export function encodeSubsectionHeader(name: string, version: number): Uint8Array {
  return encodeBytes(subsectionHeader, { mark: sectionType.subsection, name, version });
}
