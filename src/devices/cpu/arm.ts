// Registers of Arm CPUs whose types the description only names. QEMU: target/arm/machine.c.

import { retyped, type Decoder } from '../rule.js';

export const armCpu: Decoder = {
  layouts: [
    { type: 'cpsr', layout: retyped('uint32', 4) },
    { type: 'fpscr', layout: retyped('uint32', 4) },
    { type: 'powered_off', layout: retyped('bool', 1) },
  ],
};
