// What ELF cores and kdump files say of a guest in common: notes of the CPUs, the kernel's note about itself, the width
// of addresses, where the kernel's physical addresses begin. QEMU: dump_init(), vmcoreinfo_update_phys_base(),
// dump/dump.c; cpu_get_dump_info() of each target.

import type { PhysicalMap } from '../../memory/physical-map.js';
import type { Guest } from '../guest/guest.js';
import { cpuNotes } from './notes/index.js';
import { noteText, vmcoreinfoNote } from './vmcoreinfo.js';

export interface CoreFacts {
  readonly cpus: ReturnType<typeof cpuNotes>;
  /** Of the CPUs, then VMCOREINFO. */
  readonly notes: readonly Uint8Array[];
  /** Bytes of all notes. */
  readonly noteSize: number;
  /** The 64-bit form. 32 bits are enough only when everything is below 4 GiB. */
  readonly wide: boolean;
  /** Where the text of VMCOREINFO stands among the notes, in bytes. */
  readonly vmcoreinfo: { readonly at: number; readonly size: number } | undefined;
  /** The kernel's release, as VMCOREINFO has it. */
  readonly release: string | undefined;
  /** The guest-physical address that the kernel counts from. */
  readonly physBase: bigint;
}

/** @throws MigrationStreamError `unsupported`: the CPUs cannot be read */
export async function coreFacts(guest: Guest, map: PhysicalMap): Promise<CoreFacts> {
  const cpus = cpuNotes(guest);
  const guestNote = await vmcoreinfoNote(guest, map);
  const text = guestNote && noteText(guestNote);
  const cpuSize = cpus.bytes.reduce((sum, part) => sum + part.length, 0);
  const stated = text && /^NUMBER\((?:phys_base|PHYS_OFFSET)\)=(-?)((?:0x)?[0-9a-f]+)$/im.exec(text.text);
  return {
    cpus,
    notes: guestNote === undefined ? cpus.bytes : [...cpus.bytes, guestNote],
    noteSize: cpuSize + (guestNote?.length ?? 0),
    wide: cpus.wide || map.ranges.some(({ end }) => end > 2 ** 32 - 1),
    vmcoreinfo: text && { at: cpuSize + text.at, size: text.size },
    release: text && /^OSRELEASE=([!-~]{1,64})$/m.exec(text.text)?.[1],
    physBase: stated
      ? BigInt.asUintN(64, (stated[1] === '-' ? -1n : 1n) * BigInt(stated[2]!))
      : BigInt(cpus.fromLowest ? map.ranges[0]!.start : 0),
  };
}
