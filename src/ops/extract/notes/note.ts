// One note of an ELF core: sizes, type, name, contents, each padded to 4 bytes.

import { latin1Bytes } from '../../../base/bytes.js';
import { roundUp } from '../../../base/units.js';
import { Struct } from '../struct.js';

/** elf.h, of Linux. */
export const noteType = {
  prstatus: 1,
  fpregset: 2,
  ppcVmx: 0x100,
  ppcSpe: 0x101,
  ppcVsx: 0x102,
  s390Timer: 0x301,
  s390TodCompare: 0x302,
  s390TodProgrammable: 0x303,
  s390Controls: 0x304,
  s390Prefix: 0x305,
  s390VectorsLow: 0x309,
  s390VectorsHigh: 0x30a,
  s390GuardedStorage: 0x30b,
} as const;

export function note(name: string, type: number, contents: Uint8Array, little: boolean): Uint8Array {
  const nameSize = name.length + 1;
  const at = 12 + roundUp(nameSize, 4);
  return new Struct(at + roundUp(contents.length, 4), little)
    .u32(nameSize, contents.length, type)
    .raw(latin1Bytes(name))
    .seek(at)
    .raw(contents).bytes;
}

/** What a core says of its CPUs. */
export interface CpuNotes {
  /** e_machine. */
  readonly machine: number;
  /** ELFCLASS64, whatever the size of memory. */
  readonly wide: boolean;
  readonly little: boolean;
  /** All notes, in QEMU's order. */
  readonly bytes: readonly Uint8Array[];
  /** Page size of kdump, in bytes. */
  readonly pageSize: number;
  /** What `uname -m` says there. */
  readonly name: string;
  /** Does the kernel count physical addresses from the start of memory? */
  readonly fromLowest?: boolean;
}
