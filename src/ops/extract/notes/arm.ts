// Notes of AArch64: general registers and floating point. QEMU: target/arm/arch_dump.c; target/arm/machine.c. Not here:
// the note of SVE, and AArch32.

import { MigrationStreamError } from '../../../base/errors.js';
import { Struct } from '../struct.js';
import type { Cpu } from '../../../memory/cpu.js';
import { note, noteType, type CpuNotes } from './note.js';

const EM_AARCH64 = 183;
/** PSTATE.nRW: the CPU runs AArch32. */
const AARCH32 = 1n << 4n;
/** What of FPSCR belongs to FPSR, and to FPCR. QEMU: FPSR_MASK, FPCR_MASK, target/arm/cpu.h. */
const FPSR = 0xf800_009fn;
const FPCR = 0x07ff_9f00n;

export function armNotes(cpus: readonly Cpu[]): CpuNotes {
  return {
    machine: EM_AARCH64,
    wide: true,
    little: true,
    bytes: cpus.flatMap((cpu, index) => [
      note('CORE', noteType.prstatus, prstatus(cpu, index + 1), true),
      note('CORE', noteType.fpregset, vectors(cpu), true),
    ]),
    pageSize: 64 * 1024,
    name: 'aarch64',
    fromLowest: true,
  };
}

function prstatus(cpu: Cpu, id: number): Uint8Array {
  const pstate = cpu.get('cpsr');
  if ((pstate & AARCH32) !== 0n)
    throw new MigrationStreamError({
      code: 'unsupported',
      message: `CPU ${id - 1} runs AArch32, whose core notes are not made`,
      hint: { code: 'without-registers' },
    });
  return new Struct(392, true)
    .seek(32)
    .u32(id)
    .seek(112)
    .u64(...cpu.list((i) => `env.xregs[${i}]`, 32), cpu.get('env.pc'), pstate)
    .u32(1).bytes;
}

function vectors(cpu: Cpu): Uint8Array {
  const low = (i: number): string => `cpu/vfp.env.vfp.zregs[${i}].d`;
  const state = new Struct(528, true);
  for (let i = 0; i < 32; i += 1) state.u64(cpu.get(`${low(i)}[0]`), cpu.get(`${low(i)}[1]`));
  const fpscr = cpu.get('cpu/vfp.fpscr');
  return state.u32(
    cpu.maybe('cpu/vfp/fpcr_fpsr.env.vfp.fpsr') ?? fpscr & FPSR,
    cpu.maybe('cpu/vfp/fpcr_fpsr.env.vfp.fpcr') ?? fpscr & FPCR,
  ).bytes;
}
