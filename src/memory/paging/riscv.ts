// Page tables of 64-bit RISC-V: Sv39, Sv48, Sv57, by satp. The privileged specification, 10.3 to 10.6; QEMU:
// get_physical_address(), target/riscv/cpu_helper.c. In machine mode addresses are physical.

import type { Cpu } from '../cpu.js';
import { bits, hole, identity, mapping, notCanonical, type AddressSpace, type TableReader } from './address-space.js';

const VALID = 1n;
/** Read, write, execute: a leaf has one of them. */
const LEAF = 0b1110n;
const MACHINE = 3n;
/** By the mode in satp. */
const modes: Readonly<Record<string, number>> = { '8': 3, '9': 4, '10': 5 };

export function riscvSpace(cpu: Cpu, tables: TableReader): AddressSpace {
  const satp = cpu.get('env.satp');
  const levels = modes[String(bits(satp, 63, 60))];
  if (levels === undefined || cpu.get('env.priv') === MACHINE)
    return { name: 'RISC-V without paging', translate: async (address) => identity(address) };
  const width = 12 + 9 * levels;
  return {
    name: `RISC-V, Sv${width}`,
    async translate(address) {
      const outside = notCanonical(address, width);
      if (outside !== undefined) return outside;
      let table = bits(satp, 43, 0) << 12n;
      for (let level = levels; level > 0; level -= 1) {
        const shift = 12 + 9 * (level - 1);
        const entry = await tables.entry(Number(table + bits(address, shift + 8, shift) * 8n), 8);
        if (entry === undefined || (entry & VALID) === 0n) return hole(address, shift);
        const frame = bits(entry, 53, 10) << 12n;
        // A large page that is not aligned to its size is no page.
        if ((entry & LEAF) !== 0n)
          return BigInt.asUintN(shift, frame) === 0n ? mapping(frame, address, shift) : hole(address, shift);
        table = frame;
      }
      return hole(address, 12);
    },
  };
}
