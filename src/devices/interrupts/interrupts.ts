// Interrupt controllers other than x86's: priorities, targets and pending bits by interrupt and processor. From the Arm
// GIC architecture and POWER's XIVE; QEMU: hw/intc/arm_gic_common.c, arm_gicv3_common.c, xive.c.

import type { ByteRow, Decoder } from '../rule.js';

/** GIC_NCPU of hw/intc/gic_internal.h: arrays of [interrupt][processor]. */
const GIC_CPUS = 8;
/** Interrupts below this number are private to a processor. */
const GIC_PRIVATE = 32;

const ofEachCpu =
  (what: string) =>
  (index: number): string =>
    `${what} of CPU ${index}`;
const byCpu = (index: number): string => `interrupt ${Math.floor(index / GIC_CPUS)}, CPU ${index % GIC_CPUS}`;
export const interrupt = (index: number): string => `interrupt ${index}`;

const row =
  (vmsd: string) =>
  (field: string, label: string, element: NonNullable<ByteRow['element']>): ByteRow => ({
    vmsd,
    field,
    label,
    element,
  });
const gic = row('arm_gic');

export const interrupts: Decoder = {
  bytes: [
    gic('irq_target', 'targets', (index) => `interrupt ${index}: a bit for each CPU`),
    gic('priority1', 'priorities of private interrupts', byCpu),
    gic('priority2', 'priorities of shared interrupts', (index) => interrupt(index + GIC_PRIVATE)),
    gic('sgi_pending', 'senders of pending SGIs', byCpu),
    gic('bpr', 'binary points', ofEachCpu('binary point')),
    gic('abpr', 'aliased binary points', ofEachCpu('aliased binary point')),
    row('arm_gicv3')('gicd_ipriority', 'priorities', interrupt),
    row('arm_gicv3_cpu')('gicr_ipriorityr', 'priorities of private interrupts', interrupt),
    // The P and Q bits of each interrupt; four rings of 16 registers.
    row('xive-source')('status', 'event state', (index) => `source ${index}: P and Q bits`),
    row('xive-tctx')(
      'regs',
      'thread context',
      (index) => `${['user', 'OS', 'pool', 'physical'][index >> 4] ?? ''} ring, byte ${index & 15}`,
    ),
  ],
};
