// Names of the x86 CPU's fields: registers as `info registers` calls them, the bits of eflags, control registers and
// EFER, model-specific registers by number. QEMU: vmstate_x86_cpu, target/i386/machine.c.

import type { FieldNode } from '../../vmstate/index.js';
import type { Decoder, Meaning, MeaningRule } from '../rule.js';
import { bitNames, integerOf } from '../values.js';

const general = [
  'rax',
  'rcx',
  'rdx',
  'rbx',
  'rsp',
  'rbp',
  'rsi',
  'rdi',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
];
const segments = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];

const eflags = [
  'CF',
  '',
  'PF',
  '',
  'AF',
  '',
  'ZF',
  'SF',
  'TF',
  'IF',
  'DF',
  'OF',
  'IOPL',
  'IOPL',
  'NT',
  '',
  'RF',
  'VM',
  'AC',
  'VIF',
  'VIP',
  'ID',
];
const cr0 = [
  'PE',
  'MP',
  'EM',
  'TS',
  'ET',
  'NE',
  ...Array.from({ length: 10 }, () => ''),
  'WP',
  '',
  'AM',
  ...Array.from({ length: 10 }, () => ''),
  'NW',
  'CD',
  'PG',
];
const cr4 = [
  'VME',
  'PVI',
  'TSD',
  'DE',
  'PSE',
  'PAE',
  'MCE',
  'PGE',
  'PCE',
  'OSFXSR',
  'OSXMMEXCPT',
  'UMIP',
  'LA57',
  'VMXE',
  'SMXE',
  '',
  'FSGSBASE',
  'PCIDE',
  'OSXSAVE',
  '',
  'SMEP',
  'SMAP',
  'PKE',
  'CET',
  'PKS',
];
const efer = ['SCE', '', '', '', '', '', '', '', 'LME', '', 'LMA', 'NXE', 'SVME', '', 'FFXSR'];
const xcr0 = ['x87', 'SSE', 'AVX', 'BNDREGS', 'BNDCSR', 'opmask', 'ZMM_Hi256', 'Hi16_ZMM', 'PT', 'PKRU'];
const runStates = ['runnable', 'uninitialised', 'INIT received', 'halted', 'SIPI received'];

const bits =
  (label: string, names: readonly string[]) =>
  (node: FieldNode): Meaning => {
    const value = integerOf(node);
    return { label, text: value === undefined ? undefined : bitNames(value, names) };
  };

const label = (text: string) => (): Meaning => ({ label: text });

/** Field, name, number of the MSR. */
const msrs: readonly (readonly [string, string, number])[] = [
  ['env.sysenter_cs', 'SYSENTER_CS', 0x174],
  ['env.sysenter_esp', 'SYSENTER_ESP', 0x175],
  ['env.sysenter_eip', 'SYSENTER_EIP', 0x176],
  ['env.star', 'STAR', 0xc0000081],
  ['env.lstar', 'LSTAR', 0xc0000082],
  ['env.cstar', 'CSTAR', 0xc0000083],
  ['env.fmask', 'SFMASK', 0xc0000084],
  ['env.kernelgsbase', 'KERNEL_GS_BASE', 0xc0000102],
  ['env.tsc_aux', 'TSC_AUX', 0xc0000103],
  ['env.tsc', 'TSC', 0x10],
  ['env.pat', 'PAT', 0x277],
  ['env.mtrr_deftype', 'MTRR_DEF_TYPE', 0x2ff],
  ['env.mcg_cap', 'MCG_CAP', 0x179],
  ['env.mcg_status', 'MCG_STATUS', 0x17a],
  ['env.mcg_ctl', 'MCG_CTL', 0x17b],
  ['env.system_time_msr', 'KVM_SYSTEM_TIME_NEW', 0x4b564d01],
  ['env.wall_clock_msr', 'KVM_WALL_CLOCK_NEW', 0x4b564d00],
];

/** Subsection, field, name, number of the MSR. */
const msrSubsections: readonly (readonly [string, string, string, number])[] = [
  ['cpu/msr_tsc_adjust', 'env.tsc_adjust', 'TSC_ADJUST', 0x3b],
  ['cpu/msr_tscdeadline', 'env.tsc_deadline', 'TSC_DEADLINE', 0x6e0],
  ['cpu/msr_ia32_misc_enable', 'env.msr_ia32_misc_enable', 'MISC_ENABLE', 0x1a0],
  ['cpu/msr_ia32_feature_control', 'env.msr_ia32_feature_control', 'FEATURE_CONTROL', 0x3a],
  ['cpu/async_pf_msr', 'env.async_pf_en_msr', 'KVM_ASYNC_PF_EN', 0x4b564d02],
  ['cpu/steal_time_msr', 'env.steal_time_msr', 'KVM_STEAL_TIME', 0x4b564d03],
  ['cpu/pv_eoi_msr', 'env.pv_eoi_en_msr', 'KVM_PV_EOI_EN', 0x4b564d04],
  ['cpu/poll_control_msr', 'env.poll_control_msr', 'KVM_POLL_CONTROL', 0x4b564d05],
  ['cpu/spec_ctrl', 'env.spec_ctrl', 'SPEC_CTRL', 0x48],
  ['cpu/msr_virt_ssbd', 'env.virt_ssbd', 'VIRT_SSBD', 0xc001011f],
  ['cpu/xss', 'env.xss', 'XSS', 0xda0],
  ['cpu/umwait', 'env.umwait', 'UMWAIT_CONTROL', 0xe1],
  ['cpu/msr_smi_count', 'env.msr_smi_count', 'SMI_COUNT', 0x34],
  ['cpu/pkru', 'env.pkru', 'PKRU', -1],
];

function msr(name: string, number: number): Meaning {
  return number < 0 ? { label: name } : { label: name, text: `MSR 0x${number.toString(16)}` };
}

const indexed =
  (names: readonly string[]) =>
  (_node: FieldNode, index: number | undefined): Meaning | undefined =>
    index === undefined ? undefined : { label: names[index] };

const cpu = (field: string, meaning: MeaningRule['meaning']): MeaningRule => ({ vmsd: 'cpu', field, meaning });

export const x86Cpu: Decoder = {
  meanings: [
    cpu('env.regs', indexed(general)),
    cpu('env.segs', indexed(segments)),
    cpu('env.ldt', label('ldtr')),
    cpu('env.tr', label('tr')),
    cpu('env.gdt', label('gdtr')),
    cpu('env.idt', label('idtr')),
    cpu('env.eip', label('rip')),
    // Bit 1 is always set and says nothing.
    cpu('env.eflags', (node) => ({ label: 'rflags', text: bitNames((integerOf(node) ?? 0n) & ~2n, eflags) })),
    cpu('env.cr[0]', bits('cr0', cr0)),
    cpu('env.cr[2]', label('cr2')),
    cpu('env.cr[3]', label('cr3')),
    cpu('env.cr[4]', bits('cr4', cr4)),
    cpu('env.dr', (_node, index) => (index === undefined ? undefined : { label: `dr${index}` })),
    cpu('env.efer', bits('EFER', efer)),
    cpu('env.xcr0', bits('xcr0', xcr0)),
    cpu('env.xstate_bv', bits('XSTATE_BV', xcr0)),
    cpu('env.fpregs', (_node, index) => (index === undefined ? undefined : { label: `st(${index})` })),
    cpu('env.xmm_regs[0]', (_node, index) => (index === undefined ? undefined : { label: `xmm${index}` })),
    cpu('env.xmm_regs[1]', (_node, index) => (index === undefined ? undefined : { label: `ymm${index} (upper half)` })),
    cpu('env.mp_state', (node) => ({ text: runStates[Number(integerOf(node) ?? -1)] })),
    ...msrs.map(([field, name, number]) => cpu(field, () => msr(name, number))),
    ...msrSubsections.map(([vmsd, field, name, number]) => ({ vmsd, field, meaning: () => msr(name, number) })),
    { vmsd: 'apic', field: 'apicbase', meaning: (node) => ({ text: apicBase(integerOf(node)) }) },
  ],
};

function apicBase(value: bigint | undefined): string | undefined {
  if (value === undefined) return undefined;
  const flags = [
    (value & 0x100n) === 0n ? undefined : 'BSP',
    (value & 0x800n) === 0n ? 'disabled' : 'enabled',
    (value & 0x400n) === 0n ? undefined : 'x2APIC',
  ];
  return [`0x${(value & ~0xfffn).toString(16)}`, ...flags.filter((flag) => flag !== undefined)].join(', ');
}
