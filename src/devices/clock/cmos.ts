// The battery-backed memory behind the registers of the CMOS clock: what PC firmware keeps at which offset. From the
// conventions of the PC/AT; QEMU: pc_cmos_init(), pc_cmos_init_late(), hw/i386/pc.c.

import type { FieldNode } from '../../vmstate/index.js';
import type { Decoder, Meaning } from '../rule.js';
import { numberOf } from '../values.js';

/** Offset, bytes (the low one first), what is there. */
const places: readonly (readonly [number, number, string])[] = [
  [0x0e, 1, 'diagnostic status'],
  [0x0f, 1, 'shutdown status'],
  [0x10, 1, 'floppy drive types'],
  [0x12, 1, 'hard disk types'],
  [0x14, 1, 'equipment'],
  [0x15, 2, 'base memory (KiB)'],
  [0x17, 2, 'memory above 1 MiB (KiB)'],
  [0x19, 1, 'type of hard disk 0'],
  [0x1a, 1, 'type of hard disk 1'],
  [0x1b, 9, 'geometry of hard disk 0'],
  [0x24, 9, 'geometry of hard disk 1'],
  [0x2e, 2, 'checksum'],
  [0x30, 2, 'memory above 1 MiB (KiB), as found'],
  [0x34, 2, 'memory above 16 MiB (64 KiB)'],
  [0x37, 1, 'century of the PS/2'],
  [0x38, 1, 'third boot device, floppy signature check'],
  [0x39, 1, 'translation of hard disk geometry'],
  [0x3d, 1, 'first and second boot device'],
  [0x5b, 3, 'memory above 4 GiB (64 KiB)'],
  [0x5f, 1, 'CPUs besides the first'],
];

const byOffset = new Map<number, string>();
for (const [at, size, text] of places)
  for (let i = 0; i < size; i += 1) byOffset.set(at + i, size === 1 ? text : `${text}, byte ${i}`);

const floppies = ['none', '360 KB', '1.2 MB', '720 KB', '1.44 MB', '2.88 MB'];

/** Elements of the array whose first is at `first`. */
const memory =
  (first: number) =>
  (node: FieldNode, index: number | undefined): Meaning | undefined => {
    if (index === undefined)
      return {
        label: 'CMOS memory',
        text: `0x${first.toString(16)} to 0x${(first + node.end - node.start - 1).toString(16)}`,
      };
    const at = first + index;
    const what = byOffset.get(at);
    const value = numberOf(node) ?? 0;
    const text =
      at === 0x10 ? [value >> 4, value & 0xf].map((type) => floppies[type] ?? `type ${type}`).join(', ') : undefined;
    return { label: `CMOS 0x${at.toString(16).padStart(2, '0')}${what === undefined ? '' : `: ${what}`}`, text };
  };

export const cmos: Decoder = {
  meanings: [
    { vmsd: 'mc146818rtc cmos', field: 'nvram', meaning: memory(0x0e) },
    { vmsd: 'mc146818rtc cmos', field: 'nvram_2', meaning: memory(0x33) },
  ],
};
