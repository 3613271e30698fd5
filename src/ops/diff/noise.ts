// Fields that differ between any two saves of one guest, without a meaning for whoever compares: clocks, timers,
// counters. Rules by what a field is, each with its reason.

import { isTimer, type DeviceSchema } from '../../vmstate/index.js';
import type { FieldRow } from '../devices/field-rows.js';

interface NoiseRule {
  /** The device's idstr, with its place in front; undefined: any device. */
  readonly device?: RegExp;
  /** The field's path inside the device. */
  readonly path: RegExp;
  readonly why: string;
}

const CLOCK = 'the VM has run on: a clock';
const MOMENT = 'the moment at which something is due, or began';
const COUNTER = 'a counter that time moves';
const DATE = 'the time of day';

/** Names are QEMU's; the comment in front of each group names the VMState tables that have them. */
const rules: readonly NoiseRule[] = [
  // vmstate_timers (softmmu/cpu-timers.c), icount_vmstate_timers.
  { device: /^timer$/, path: /^(cpu_ticks_offset|cpu_clock_offset|timers_state)/, why: CLOCK },
  // vmstate_x86_cpu (target/i386/machine.c), kvmclock_vmsd (hw/i386/kvm/clock.c).
  { device: /^cpu$/, path: /(^|\.)env\.(tsc|tsc_offset|tsc_deadline)$/, why: CLOCK },
  { device: /^kvmclock$/, path: /^clock$/, why: CLOCK },
  // vmstate_apic_common (hw/intc/apic_common.c).
  {
    device: /^apic$/,
    path: /^(initial_count|initial_count_load_time|next_time|timer_expiry)$/,
    why: MOMENT,
  },
  // vmstate_hpet (hw/timer/hpet.c): the counter is saved as it stands.
  { device: /^hpet$/, path: /^hpet_counter$/, why: COUNTER },
  // vmstate_pit_common (hw/timer/i8254_common.c).
  { device: /^i8254$/, path: /\.(count_load_time|next_transition_time)$/, why: MOMENT },
  // vmstate_rtc (hw/rtc/mc146818rtc.c).
  {
    device: /^mc146818rtc$/,
    path: /^cmos_data\.(seconds|minutes|hours|day_of_week|day|month|year)$/,
    why: DATE,
  },
  { device: /^mc146818rtc$/, path: /^(base_rtc|last_update|offset)$/, why: DATE },
  { device: /^mc146818rtc$/, path: /^(next_periodic_time|next_alarm_time)$/, why: MOMENT },
  // vmstate_acpi, vmstate_ich9_pm (hw/acpi): the power management timer.
  { path: /(^|\.)tmr\.overflow_time$/, why: MOMENT },
  // vmstate_tco_io_sts (hw/acpi/ich9_tco.c).
  { path: /(^|\.)tco_regs\.expire_time$/, why: MOMENT },
];

/** Why the field is noise; undefined: it is none. */
export function noiseOf(device: DeviceSchema, row: FieldRow): string | undefined {
  if (row.role === 'unused') return 'QEMU does not read these bytes';
  if (row.node?.kind === 'leaf' && isTimer(row.node)) return 'the time at which a timer expires';
  return rules.find(({ device: name, path }) => (name === undefined || name.test(device.name)) && path.test(row.path))
    ?.why;
}
