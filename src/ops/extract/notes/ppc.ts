// Notes of 64-bit POWER: general registers, floating point, Altivec, VSX, SPE for each CPU. QEMU:
// target/ppc/arch_dump.c; the fields of a stream are those of target/ppc/machine.c. A stream counts as written on a
// little-endian host.

import { Struct } from '../struct.js';
import type { Cpu } from '../../../memory/cpu.js';
import { note, noteType, type CpuNotes } from './note.js';

const EM_PPC64 = 21;
/** Numbers of special purpose registers. */
const spr = { xer: 1, lr: 8, ctr: 9, lpcr: 318, spefscr: 512 } as const;
/** LPCR: interrupts are little-endian. QEMU takes the byte order of the dump from it. */
const ILE = 1n << 25n;

export function ppcNotes(cpus: readonly Cpu[]): CpuNotes {
  const little = cpus.length > 0 && (special(cpus[0]!, 'lpcr') & ILE) !== 0n;
  return {
    machine: EM_PPC64,
    wide: true,
    little,
    bytes: cpus.flatMap((cpu, index) => notesOf(cpu, index + 1, little)),
    pageSize: 64 * 1024,
    name: little ? 'ppc64le' : 'ppc64',
  };
}

function special(cpu: Cpu, name: keyof typeof spr): bigint {
  return cpu.get(`env.spr[${spr[name]}]`);
}

function notesOf(cpu: Cpu, id: number, little: boolean): Uint8Array[] {
  const core = (type: number, contents: Struct): Uint8Array => note('CORE', type, contents.bytes, little);
  const struct = (size: number): Struct => new Struct(size, little);
  const condition = cpu.list((i) => `env.crf[${i}]`, 8).reduce((all, field) => (all << 4n) | (field & 15n), 0n);
  const high = (i: number): bigint => cpu.maybe(`cpu/fpu.env.vsr[${i}]`) ?? 0n;
  const vector = (i: number, half: 0 | 1): bigint => cpu.maybe(`cpu/altivec.env.vsr[${i}][${half}]`) ?? 0n;
  const all = Array.from({ length: 32 }, (_, i) => i);
  return [
    core(
      noteType.prstatus,
      struct(504)
        .seek(32)
        .u32(id)
        .seek(112)
        .u64(...cpu.list((i) => `env.gpr[${i}]`, 32), cpu.get('env.nip'), cpu.get('env.msr'), 0)
        .u64(special(cpu, 'ctr'), special(cpu, 'lr'), special(cpu, 'xer'), condition),
    ),
    core(noteType.fpregset, struct(264).u64(...all.map(high), cpu.maybe('cpu/fpu.env.fpscr') ?? 0n)),
    core(
      noteType.ppcVmx,
      struct(544)
        // A register in memory order: its halves as the host has them, or turned round.
        .u64(...all.flatMap((i) => (little ? [vector(i, 0), vector(i, 1)] : [vector(i, 1), vector(i, 0)])))
        .seek(32 * 16 + 12)
        .u32(cpu.maybe('cpu/altivec.vscr') ?? 0n),
    ),
    core(noteType.ppcVsx, struct(256).u64(...all.map((i) => cpu.maybe(`cpu/vsx.env.vsr[${i}]`) ?? 0n))),
    core(noteType.ppcSpe, struct(140).seek(136).u32(special(cpu, 'spefscr'))),
  ];
}
