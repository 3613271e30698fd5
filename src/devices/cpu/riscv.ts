// Interrupt priorities that RISC-V CPUs keep, by major interrupt number. From the RISC-V AIA; QEMU:
// target/riscv/machine.c.

import { interrupt } from '../interrupts/interrupts.js';
import type { Decoder } from '../rule.js';

export const riscvCpu: Decoder = {
  bytes: [
    { vmsd: 'cpu', field: 'env.miprio', label: 'machine-level priorities', element: interrupt },
    { vmsd: 'cpu', field: 'env.siprio', label: 'supervisor-level priorities', element: interrupt },
    { vmsd: 'cpu/hyper', field: 'env.hviprio', label: 'priorities of virtual interrupts', element: interrupt },
  ],
};
