// The CPU's tables of x86, which -dump-vmstate does not have. Their subsections stand in release/subsections.ts. QEMU:
// target/i386/machine.c, hw/core/cpu-sysemu.c, hw/intc/apic_common.c.

import type { TableRules } from './table-rules.js';

/** HF_GUEST_MASK. */
const GUEST_MODE = 1 << 21;

/** AVX. `env.xmm_regs` comes twice: first the lower halves, then, since version 12 of the table, the upper ones. */
const CPU_SINCE = { 'env.xcr0': 12, 'env.xstate_bv': 12, 'env.xmm_regs[1]': 12 };

export const x86Rules: Readonly<Record<string, TableRules>> = {
  cpu: {
    minimumVersionId: 11,
    since: CPU_SINCE,
    sizes: {
      'cpu/async_pf_msr': 8,
      'cpu/async_pv_eoi_msr': 8,
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
        incoming.behaves('guest-mode-needs-nested-state') &&
        !context.parts.has('cpu/nested_state')
      ) {
        return incoming.refuse(file, 'cpu-guest-mode');
      }
      return undefined;
    },
  },
  apic: { minimumVersionId: 3 },
  fpreg: { minimumVersionId: 0 },
  fpreg_tmp: { minimumVersionId: 0 },
};
