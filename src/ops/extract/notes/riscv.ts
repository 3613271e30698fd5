// Notes of 64-bit RISC-V. QEMU: target/riscv/arch_dump.c; target/riscv/machine.c.

import { Struct } from '../struct.js';
import type { Cpu } from '../../../memory/cpu.js';
import { note, noteType, type CpuNotes } from './note.js';

const EM_RISCV = 243;

export function riscvNotes(cpus: readonly Cpu[]): CpuNotes {
  return {
    machine: EM_RISCV,
    wide: true,
    little: true,
    bytes: cpus.map((cpu, index) =>
      note(
        'CORE',
        noteType.prstatus,
        new Struct(376, true)
          .seek(32)
          .u32(index + 1)
          .seek(112)
          .u64(cpu.get('env.pc'), ...cpu.list((i) => `env.gpr[${i}]`, 31, 1)).bytes,
        true,
      ),
    ),
    pageSize: 4096,
    name: 'riscv64',
  };
}
