// The header of a subsection, the same in the configuration section and in device state. QEMU:
// vmstate_subsection_save() and _load(), migration/vmstate.c.

import { be32, counted, u8 } from './kit/codec.js';
import { record } from './kit/record.js';

/** `name` is the full name and begins with the parent's name; `mark` is 0x05. */
export const subsectionHeader = record('subsection header', {
  mark: u8,
  name: counted,
  version: be32,
});
