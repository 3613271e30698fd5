// Registers of CPUs other than x86's whose types the description only names. QEMU: target/arm/machine.c,
// target/ppc/machine.c.

import { field, table, type Decoder, type Layout, type LayoutRule } from './rule.js';

/** Values of that type, where there is exactly room for them. */
const as =
  (type: string, size: number, count?: number): Layout =>
  ({ bytes }) =>
    bytes.length === size * (count ?? 1) ? { type, size, count } : undefined;

const layouts: readonly LayoutRule[] = [
  { type: 'cpsr', layout: as('uint32', 4) },
  { type: 'fpscr', layout: as('uint32', 4) },
  { type: 'powered_off', layout: as('bool', 1) },
  { type: 'cpu/altivec/vscr', layout: as('uint32', 4) },
  // Halves of the same 64 registers of 128 bits: the floating point one, the other, or both.
  { type: 'fpr', layout: as('uint64', 8) },
  { type: 'vsr', layout: as('uint64', 8) },
  { type: 'avr', layout: as('uint64', 8, 2) },
  { type: 'slbe', layout: () => table('slb entry', [field('esid', 'uint64', 8), field('vsid', 'uint64', 8)]) },
];

export const otherCpus: Decoder = { layouts };
