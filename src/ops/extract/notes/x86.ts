// Notes of x86: registers as Linux has them in a core (CORE), and QEMU's record of a CPU with its segments and control
// registers (QEMU). QEMU: target/i386/arch_dump.c; the fields of a stream are those of target/i386/machine.c.

import { Struct } from '../struct.js';
import type { Cpu } from '../../../memory/cpu.js';
import { note, noteType, type CpuNotes } from './note.js';

const EM_386 = 3;
const EM_X86_64 = 62;
/** hflags: long mode is active. */
const LMA = 1n << 14n;

/** Indices of env.regs and env.segs. */
const regs = { rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7 } as const;
const segments = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;
type Segment = (typeof segments)[number] | 'ldt' | 'tr' | 'gdt' | 'idt';

export function x86Notes(cpus: readonly Cpu[]): CpuNotes {
  const long = cpus.length > 0 && (cpus[0]!.get('env.hflags') & LMA) !== 0n;
  return {
    machine: long ? EM_X86_64 : EM_386,
    wide: long,
    little: true,
    bytes: [
      ...cpus.map((cpu, index) =>
        note('CORE', noteType.prstatus, long ? prstatus64(cpu, index + 1) : prstatus32(cpu, index + 1), true),
      ),
      ...cpus.map((cpu) => note('QEMU', 0, qemuState(cpu), true)),
    ],
    pageSize: 4096,
    name: long ? 'x86_64' : 'i686',
  };
}

function general(cpu: Cpu, ...names: readonly (keyof typeof regs)[]): bigint[] {
  return names.map((name) => cpu.get(`env.regs[${regs[name]}]`));
}

function segment(cpu: Cpu, name: Segment, field: 'selector' | 'base' | 'limit' | 'flags'): bigint {
  const index = segments.indexOf(name as (typeof segments)[number]);
  return cpu.get(`env.${index < 0 ? name : `segs[${index}]`}.${field}`);
}

function prstatus64(cpu: Cpu, id: number): Uint8Array {
  const selectors = (...names: Segment[]): bigint[] => names.map((name) => segment(cpu, name, 'selector'));
  const numbered = (from: number): bigint[] => [0, 1, 2, 3].map((i) => cpu.get(`env.regs[${from - i}]`));
  return new Struct(336, true)
    .seek(32)
    .u32(id)
    .seek(112)
    .u64(...numbered(15), ...general(cpu, 'rbp', 'rbx'), ...numbered(11))
    .u64(...general(cpu, 'rax', 'rcx', 'rdx', 'rsi', 'rdi'), 0, cpu.get('env.eip'))
    .u64(...selectors('cs'), cpu.get('env.eflags'), ...general(cpu, 'rsp'), ...selectors('ss'))
    .u64(segment(cpu, 'fs', 'base'), segment(cpu, 'gs', 'base'))
    .u64(...selectors('ds', 'es', 'fs', 'gs')).bytes;
}

function prstatus32(cpu: Cpu, id: number): Uint8Array {
  const selector = (name: Segment): number => Number(segment(cpu, name, 'selector') & 0xffffn);
  return new Struct(144, true)
    .seek(24)
    .u32(id)
    .seek(72)
    .u32(...general(cpu, 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rax'))
    .u32(...(['ds', 'es', 'fs', 'gs'] as const).map(selector))
    .u32(0, cpu.get('env.eip'), selector('cs'), cpu.get('env.eflags'), ...general(cpu, 'rsp'), selector('ss')).bytes;
}

function qemuState(cpu: Cpu): Uint8Array {
  const size = 440;
  const state = new Struct(size, true)
    .u32(1, size)
    .u64(...general(cpu, 'rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rsp', 'rbp'))
    .u64(...[8, 9, 10, 11, 12, 13, 14, 15].map((i) => cpu.get(`env.regs[${i}]`)))
    .u64(cpu.get('env.eip'), cpu.get('env.eflags'));
  for (const name of ['cs', 'ds', 'es', 'fs', 'gs', 'ss', 'ldt', 'tr', 'gdt', 'idt'] as const)
    state
      .u32(segment(cpu, name, 'selector'), segment(cpu, name, 'limit'), segment(cpu, name, 'flags'), 0)
      .u64(segment(cpu, name, 'base'));
  const control = [0, 2, 3, 4].map((i) => cpu.get(`env.cr[${i}]`));
  return state.u64(control[0]!, 0, control[1]!, control[2]!, control[3]!, cpu.maybe('env.kernelgsbase') ?? 0).bytes;
}
