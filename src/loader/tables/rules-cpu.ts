// The CPU's tables, which -dump-vmstate does not have. QEMU: target/i386/machine.c, hw/core/cpu-sysemu.c,
// hw/intc/apic_common.c.

import type { TableRules } from './table-rules.js';

/** HF_GUEST_MASK. */
const GUEST_MODE = 1 << 21;

/** AVX. `env.xmm_regs` comes twice: first the lower halves, then, since 12, the upper ones. */
const CPU_SINCE = { 'env.xcr0': 12, 'env.xstate_bv': 12, 'env.xmm_regs[1]': 12 };

export const cpuRules: Readonly<Record<string, TableRules>> = {
  cpu: {
    minimumVersionId: 11,
    since: CPU_SINCE,
    // By the release that brought them, from the sources of 4.0, 5.2, 7.2 and 10.0.
    subsections: {
      'cpu/async_pf_msr': 0,
      'cpu/async_pf_int_msr': 50200,
      'cpu/pv_eoi_msr': 0,
      'cpu/steal_time_msr': 0,
      'cpu/fpop_ip_dp': 0,
      'cpu/msr_tsc_adjust': 0,
      'cpu/msr_tscdeadline': 0,
      'cpu/msr_ia32_misc_enable': 0,
      'cpu/msr_ia32_feature_control': 0,
      'cpu/msr_architectural_pmu': 0,
      'cpu/mpx': 0,
      'cpu/msr_hyperv_hypercall': 0,
      'cpu/msr_hyperv_vapic': 0,
      'cpu/msr_hyperv_time': 0,
      'cpu/msr_hyperv_crash': 0,
      'cpu/msr_hyperv_runtime': 0,
      'cpu/msr_hyperv_synic': 0,
      'cpu/msr_hyperv_stimer': 0,
      'cpu/msr_hyperv_reenlightenment': 0,
      'cpu/avx512': 0,
      'cpu/xss': 0,
      'cpu/tsc_khz': 0,
      'cpu/umwait': 40200,
      'cpu/pkru': 0,
      'cpu/pkrs': 60000,
      'cpu/spec_ctrl': 0,
      'cpu/amd_tsc_scale_msr': 70100,
      'cpu/intel_pt': 0,
      'cpu/virt_ssbd': 0,
      'cpu/svm_npt': 0,
      'cpu/svme_guest': 60100,
      'cpu/nested_state': 40100,
      'cpu/exception_info': 40100,
      'cpu/msr_tsx_ctrl': 50000,
      'cpu/intel_sgx': 60200,
      'cpu/pdptrs': 60200,
      'cpu/msr_xfd': 70000,
      'cpu/msr_smi_count': 0,
      'cpu/poll_control_msr': 50000,
      'cpu/kvm_poll_control_msr': 50000,
      'cpu/arch_lbr': 70100,
      'cpu/triple_fault': 70200,
    },
    sizes: {
      'cpu/async_pf_msr': 8,
      'cpu/pv_eoi_msr': 8,
      'cpu/steal_time_msr': 8,
      'cpu/fpop_ip_dp': 18,
      'cpu/msr_tsc_adjust': 8,
      'cpu/msr_tscdeadline': 8,
      'cpu/msr_ia32_misc_enable': 8,
      'cpu/msr_ia32_feature_control': 8,
      'cpu/msr_hyperv_vapic': 8,
      'cpu/msr_hyperv_time': 8,
      'cpu/msr_hyperv_runtime': 8,
      'cpu/xss': 8,
      'cpu/tsc_khz': 8,
      'cpu/umwait': 4,
      'cpu/pkru': 4,
      'cpu/pkrs': 4,
      'cpu/spec_ctrl': 8,
      'cpu/virt_ssbd': 8,
      'cpu/msr_tsx_ctrl': 8,
      'cpu/msr_smi_count': 8,
      'cpu/poll_control_msr': 8,
    },
    postLoad(incoming, file, context) {
      if (Number(context.values.get('env.fpregs_format_vmstate') ?? 0) !== 0) {
        return incoming.refuse(file, 'cpu-fpregs');
      }
      const flags = Number(context.values.get('env.hflags') ?? 0);
      if (
        (flags & GUEST_MODE) !== 0 &&
        incoming.destination.version >= 40100 &&
        !context.parts.has('cpu/nested_state')
      ) {
        return incoming.refuse(file, 'cpu-guest-mode');
      }
      return undefined;
    },
  },
  apic: { minimumVersionId: 3, subsections: { apic_sipi: 0 } },
  fpreg: { minimumVersionId: 0 },
  fpreg_tmp: { minimumVersionId: 0 },
};
