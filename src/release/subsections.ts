// Subsections of the tables that no `-dump-vmstate` lists (the CPU's, and those that virtio writes by hand), and of the
// devices on which a stream's range of releases depends: by architecture and table. The end-to-end test looks for every
// name in the executables of the lab. QEMU: target/ARCHITECTURE/machine.c, hw/core/cpu-system.c, hw/virtio/.

import type { Architecture } from './architecture.js';
import { facts, rangeHasFact, type Fact, type FactTable, type ReleaseText } from './fact.js';
import type { ReleaseRange } from './version.js';

export interface SubsectionTable {
  /** The vmsd that the subsections belong to: their names begin with it and a slash. */
  readonly table: string;
  /** Absent: the table is the same in all architectures. */
  readonly architecture?: Architecture;
  /** False: rows of this table are a choice, and a name that has no row is not known. */
  readonly complete: boolean;
  readonly rows: FactTable;
}

const LAB = 'lab: executables of 5.2, 7.2, 10.0, 11.1';

/** `names`: without the table's name in front. */
function rows(table: string, names: string, fact: Fact): FactTable {
  return facts(Object.fromEntries(names.split(' ').map((name) => [`${table}/${name}`, fact])));
}

const always = (source: string): Fact => ({ source });
const by = (lacks: ReleaseText | '', has: ReleaseText, source = LAB): Fact => ({ between: [lacks, has], source });

/** Extended virtio features (P. Abeni, 2025). */
const WIDE = 'hw/virtio/virtio.c, series of extended features, 2025; lab: 10.0, 11.1';
const X86 = 'target/i386/machine.c of 4.0 and 5.2; lab: executables';

export const subsectionTables: readonly SubsectionTable[] = [
  {
    table: 'cpu',
    architecture: 'x86',
    complete: true,
    rows: {
      ...rows(
        'cpu',
        'async_pf_msr async_pv_eoi_msr steal_time_msr fpop_ip_dp msr_tsc_adjust msr_tscdeadline ' +
          'msr_ia32_misc_enable msr_ia32_feature_control msr_architectural_pmu mpx msr_hyperv_hypercall ' +
          'msr_hyperv_vapic msr_hyperv_time msr_hyperv_crash msr_hyperv_runtime msr_hyperv_synic msr_hyperv_stimer ' +
          'msr_hyperv_reenlightenment avx512 xss tsc_khz pkru spec_ctrl intel_pt virt_ssbd svn_npt msr_smi_count ' +
          'mcg_ext_ctl',
        always(X86),
      ),
      // CONFIG_KVM; added in June 2019.
      ...rows('cpu', 'exception_info nested_state', by('4.0', '5.2', X86)),
      ...rows('cpu/kvm_nested_state', 'svm vmx vmx/vmcs12 vmx/shadow_vmcs12', by('4.0', '5.2', X86)),
      'cpu/kvm_nested_state': by('4.0', '5.2', X86),
      ...rows('cpu', 'umwait msr_tsx_ctrl poll_control_msr async_pf_int_msr', by('4.1', '5.2', X86)),
      ...rows(
        'cpu',
        'amd_tsc_scale_msr arch_lbr intel_amx_xtile intel_sgx msr_xfd pdptrs pkrs svm_guest triple_fault',
        by('5.2', '7.2'),
      ),
      ...rows('cpu', 'fred msr_hwcr xen_vcpu', by('7.2', '10.0')),
      ...rows('cpu', 'apx cet cet_shstk error_code msr_pl0_ssp', by('10.0', '11.1')),
    },
  },
  {
    table: 'cpu',
    architecture: 'arm',
    complete: true,
    rows: {
      ...rows(
        'cpu',
        'irq-line-state m m-security m/csselr m/faultmask-primask m/fp m/other-sp m/scr m/v8m pmsav7 pmsav7-rnr ' +
          'pmsav8 serror sve sve/preg sve/zreg_hi thumb2ee vfp',
        by('', '5.2'),
      ),
      ...rows('cpu', 'sme m/mve', by('5.2', '7.2')),
      ...rows('cpu', 'wfxt-timer pmsav8/pmsav8r vfp/fpcr_fpsr', by('7.2', '10.0')),
      ...rows('cpu', 'event fpmr pstate64 syndrome64 zt0', by('10.0', '11.1')),
      'cpu/iwmmxt': { between: ['', '5.2'], dropped: ['10.0', '11.1'], source: LAB },
    },
  },
  {
    table: 'cpu',
    architecture: 'ppc',
    complete: true,
    rows: {
      ...rows(
        'cpu',
        'altivec altivec/vscr compat fpu slb sr tlb6xx tlb6xx_entry tlbemb_entry tlbmas tlbmas_entry tm vsx',
        by('', '5.2'),
      ),
      'cpu/pbr403': { between: ['', '5.2'], dropped: ['5.2', '7.2'], source: LAB },
      ...rows('cpu', 'bhrb reservation tlbemb', by('7.2', '10.0')),
      'cpu/rtas_stopped': by('10.0', '11.1'),
    },
  },
  {
    table: 'cpu',
    architecture: 's390x',
    complete: true,
    rows: rows('cpu', 'bpbc diag318 etoken exval fpu gscb riccb vregs', by('', '5.2')),
  },
  {
    table: 'cpu',
    architecture: 'riscv',
    complete: true,
    rows: {
      ...rows('cpu', 'hyper pmp pmp/entry vector', by('', '5.2')),
      ...rows('cpu', 'debug envcfg pmu pointer_masking rv128', by('5.2', '7.2')),
      ...rows('cpu', 'ctr elp jvt mseccfg smtateen ssp timer', by('7.2', '10.0')),
      'cpu/kvmtimer': { between: ['5.2', '7.2'], dropped: ['7.2', '10.0'], source: LAB },
    },
  },
  { table: 'cpu_common', complete: true, rows: rows('cpu_common', 'crash_occurred exception_index', always(LAB)) },
  { table: 'apic', architecture: 'x86', complete: true, rows: { apic_sipi: always('hw/intc/apic_common.c') } },
  {
    table: 'virtio',
    complete: true,
    rows: {
      ...rows('virtio', '64bit_features broken device_endian extra_state ringsize virtqueues', always(LAB)),
      ...rows('virtio', 'started disabled packed_virtqueues', by('4.1', '5.2', `names in 4.1; ${LAB}`)),
      'virtio/128bit_features': { since: '10.2', source: WIDE },
    },
  },
  {
    table: 'virtio_pci',
    complete: true,
    rows: {
      ...rows('virtio_pci', 'modern_state modern_queue_state', always(LAB)),
      'virtio_pci/modern_state/features128': { since: '10.2', source: WIDE },
    },
  },
  { table: 'virtio_mmio', complete: true, rows: rows('virtio_mmio', 'state queue_state', always(LAB)) },
  {
    table: 'virtio-net-device',
    complete: true,
    rows: { 'virtio-net-device/rss': by('', '5.2'), 'virtio-net-device/backend': by('7.2', '10.0') },
  },
  {
    table: 'virtio-balloon-device',
    complete: true,
    rows: {
      'virtio-balloon-device/free-page-report': by('', '5.2'),
      // 5.2 has it under a name with a letter missing, which is no subsection's.
      'virtio-balloon-device/page-poison': by('5.2', '7.2'),
    },
  },
  {
    table: 'fw_cfg',
    complete: false,
    rows: { 'fw_cfg/acpi_mr': { since: '5.0', source: 'hw/nvram/fw_cfg.c; hw_compat_4_2: acpi-mr-restore' } },
  },
  {
    table: 'pckbd',
    architecture: 'x86',
    complete: false,
    rows: { 'pckbd/extended_state': { since: '6.1', source: 'hw/input/pckbd.c; hw_compat_6_0: extended-state' } },
  },
];

/** Tables that are the same in all architectures, and those of that architecture. */
function tablesOf(architecture: Architecture | undefined): readonly SubsectionTable[] {
  return subsectionTables.filter((table) => table.architecture === undefined || table.architecture === architecture);
}

/**
 * Does a QEMU whose release lies in `range` know that subsection? Undefined: no table says, or it depends on the
 * release. A table of another architecture never answers.
 */
export function knowsSubsection(
  architecture: Architecture | undefined,
  range: ReleaseRange,
  name: string,
): boolean | undefined {
  for (const { table, complete, rows } of tablesOf(architecture)) {
    if (Object.hasOwn(rows, name)) return rangeHasFact(range, rows[name]!);
    if (complete && name.startsWith(`${table}/`)) return false;
  }
  return undefined;
}

/** Rows of that architecture that not every release has. */
export function datedSubsections(architecture: Architecture | undefined): readonly (readonly [string, Fact])[] {
  return tablesOf(architecture).flatMap(({ rows }) =>
    Object.entries(rows).filter(([, { since, between, dropped }]) => (since ?? between ?? dropped) !== undefined),
  );
}
