// Registers of POWER CPUs whose types the description only names. QEMU: target/ppc/machine.c.

import { retyped, table, u64, type Decoder } from '../rule.js';

export const ppcCpu: Decoder = {
  layouts: [
    { type: 'cpu/altivec/vscr', layout: retyped('uint32', 4) },
    // Halves of the same 64 registers of 128 bits: the floating point half, the other half, or both.
    { type: 'fpr', layout: retyped('uint64', 8) },
    { type: 'vsr', layout: retyped('uint64', 8) },
    { type: 'avr', layout: retyped('uint64', 8, 2) },
    { type: 'slbe', layout: () => table('slb entry', [u64('esid'), u64('vsid')]) },
  ],
};
