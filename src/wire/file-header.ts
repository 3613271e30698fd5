// The first eight bytes. QEMU: qemu_savevm_state_header() and qemu_loadvm_state(), migration/savevm.c (all versions).

import { be32 } from './kit/codec.js';
import { record } from './kit/record.js';

/** "QEVM" */
export const QEMU_VM_FILE_MAGIC = 0x5145_564d;
/** Since QEMU 0.13; version 2 is refused by every QEMU that writes a configuration section. */
export const QEMU_VM_FILE_VERSION = 3;

export const fileHeader = record('file header', {
  magic: be32,
  version: be32,
});
