// Notes of s390x: CORE, then LINUX, for each CPU. QEMU: target/s390x/arch_dump.c; target/s390x/machine.c. Protected
// guests are not here: a stream of one has no readable memory.

import { Struct } from '../struct.js';
import type { Cpu } from '../../../memory/cpu.js';
import { note, noteType, type CpuNotes } from './note.js';

const EM_S390 = 22;

export function s390xNotes(cpus: readonly Cpu[]): CpuNotes {
  return {
    machine: EM_S390,
    wide: true,
    little: false,
    bytes: cpus.flatMap((cpu, index) => notesOf(cpu, index + 1)),
    pageSize: 4096,
    name: 's390x',
  };
}

/** The halves of the vector registers. The high half of 0 to 15 is the floating-point register. */
const vector = (i: number, half: 0 | 1): string =>
  half === 0 && i < 16 ? `cpu/fpu.env.vregs[${i}][0]` : `cpu/vregs.env.vregs[${i}][${half}]`;

function notesOf(cpu: Cpu, id: number): Uint8Array[] {
  const floating = cpu.list((i) => vector(i, 0), 16);
  const low = Array.from({ length: 16 }, (_, i) => cpu.maybe(vector(i, 1)) ?? 0n);
  const high = Array.from({ length: 32 }, (_, i) => cpu.maybe(vector(16 + (i >> 1), (i & 1) as 0 | 1)) ?? 0n);
  const guarded = [0, 1, 2, 3].map((i) => cpu.maybe(`cpu/gscb.env.gscb[${i}]`) ?? 0n);
  const core = (type: number, contents: Struct): Uint8Array => note('CORE', type, contents.bytes, false);
  const linux = (type: number, contents: Struct): Uint8Array => note('LINUX', type, contents.bytes, false);
  const struct = (size: number): Struct => new Struct(size, false);
  const prstatus = struct(336)
    .seek(32)
    .u32(id)
    .seek(112)
    .u64(cpu.get('env.psw.mask'), cpu.get('env.psw.addr'))
    .u64(...cpu.list((i) => `env.regs[${i}]`, 16))
    .u32(...cpu.list((i) => `env.aregs[${i}]`, 16));
  return [
    core(noteType.prstatus, prstatus),
    core(
      noteType.fpregset,
      struct(136)
        .u32(cpu.get('cpu/fpu.env.fpc'), 0)
        .u64(...floating),
    ),
    linux(noteType.s390Prefix, struct(4).u32(cpu.get('env.psa'))),
    linux(noteType.s390Controls, struct(128).u64(...cpu.list((i) => `env.cregs[${i}]`, 16))),
    linux(noteType.s390Timer, struct(8).u64(cpu.get('env.cputm'))),
    linux(noteType.s390TodCompare, struct(8).u64(cpu.get('env.ckc'))),
    linux(noteType.s390TodProgrammable, struct(4).u32(cpu.get('env.todpr'))),
    linux(noteType.s390VectorsLow, struct(128).u64(...low)),
    linux(noteType.s390VectorsHigh, struct(256).u64(...high)),
    linux(noteType.s390GuardedStorage, struct(32).u64(...guarded)),
  ];
}
