// The first packet of every multifd channel: the UUID of the VM, and the number of the channel. QEMU: MultiFDInit_t,
// multifd_send_initial_packet() and multifd_recv_initial_packet(), migration/multifd.c (since 4.0; in ram.c at first).

import { bytes, foreign, u32, u8, type ForeignValue } from './kit/foreign.js';

export const MULTIFD_MAGIC = 0x1122_3344;
export const MULTIFD_VERSION = 1;

/** 64 bytes. Magic and version are the raw values: the caller compares them. */
export const multifdInitial = foreign('first packet', 'multifdInitial', {
  magic: u32,
  version: u32,
  /** Zeros where the VM has no -uuid. */
  uuid: bytes(16),
  /** The number of the channel. */
  id: u8,
  /** QEMU 4.0 and 4.1 leave uninitialised bytes here. */
  reserved: bytes(39),
});

export type MultifdInitial = ForeignValue<(typeof multifdInitial)['fields']>;
