// Bytes with a meaning each in machines other than x86's: interrupt controllers, channel subsystem, consoles. From the
// Arm GIC architecture, the RISC-V AIA and the z/Architecture; QEMU: the devices' own vmstate tables, named at each
// row.

import { filled, ring, type ByteRow } from './byte-rows.js';

/** GIC_NCPU of hw/intc/gic_internal.h: arrays of [interrupt][processor]. */
const GIC_CPUS = 8;
/** Interrupts below are private to a processor. */
const GIC_PRIVATE = 32;

const ofEachCpu =
  (what: string) =>
  (index: number): string =>
    `${what} of CPU ${index}`;
const byCpu = (index: number): string => `interrupt ${Math.floor(index / GIC_CPUS)}, CPU ${index % GIC_CPUS}`;
const interrupt = (index: number): string => `interrupt ${index}`;

/** Reserved by the architecture: the guest's firmware and QEMU leave it alone. */
const reserved = (vmsd: string, ...fields: readonly string[]): ByteRow[] =>
  fields.map((field) => ({ vmsd, field, label: 'reserved' }));

export const otherMachineRows: readonly ByteRow[] = [
  // hw/intc/arm_gic_common.c.
  {
    vmsd: 'arm_gic',
    field: 'irq_target',
    label: 'targets',
    element: (index) => `interrupt ${index}: a bit for each CPU`,
  },
  { vmsd: 'arm_gic', field: 'priority1', label: 'priorities of private interrupts', element: byCpu },
  {
    vmsd: 'arm_gic',
    field: 'priority2',
    label: 'priorities of shared interrupts',
    element: (index) => interrupt(index + GIC_PRIVATE),
  },
  { vmsd: 'arm_gic', field: 'sgi_pending', label: 'senders of pending SGIs', element: byCpu },
  { vmsd: 'arm_gic', field: 'bpr', label: 'binary points', element: ofEachCpu('binary point') },
  { vmsd: 'arm_gic', field: 'abpr', label: 'aliased binary points', element: ofEachCpu('aliased binary point') },
  // hw/intc/arm_gicv3_common.c.
  { vmsd: 'arm_gicv3', field: 'gicd_ipriority', label: 'priorities', element: interrupt },
  { vmsd: 'arm_gicv3_cpu', field: 'gicr_ipriorityr', label: 'priorities of private interrupts', element: interrupt },
  // target/riscv/machine.c: by major interrupt number.
  { vmsd: 'cpu', field: 'env.miprio', label: 'machine-level priorities', element: interrupt },
  { vmsd: 'cpu', field: 'env.siprio', label: 'supervisor-level priorities', element: interrupt },
  { vmsd: 'cpu/hyper', field: 'env.hviprio', label: 'priorities of virtual interrupts', element: interrupt },
  // hw/timer/nrf51_timer.c, hw/char/nrf51_uart.c.
  { vmsd: 'nrf51_soc.timer', field: 'events_compare', label: 'compare events', element: (index) => `CC[${index}]` },
  {
    vmsd: 'nrf51_soc.uart',
    field: 'rx_fifo',
    label: 'received',
    ...ring((sibling) => ({ first: sibling('rx_fifo_pos'), count: sibling('rx_fifo_len') })),
  },
  // hw/s390x/css.c.
  { vmsd: 's390_pmcw', field: 'chpid', label: 'channel paths', element: (index) => `path ${index}: its identifier` },
  { vmsd: 's390_schib', field: 'mda', label: 'model-dependent area' },
  { vmsd: 's390_subch_dev', field: 'sense_data', label: 'sense data' },
  // hw/s390x/s390-skeys.c: the run's own start is a guest address.
  {
    vmsd: 'storage keys',
    field: 'keys',
    label: 'access control, fetch protection, reference, change',
    element: (index) => `page ${index} of the run`,
  },
  // hw/char/sclpconsole.c: typed by the operator; only the first `iov_bs` bytes have been written.
  { vmsd: 'sclpconsole', field: 'iov', label: 'typed', ...filled((sibling) => sibling('iov_bs')) },
  // hw/s390x/sclpcpi.c: names in EBCDIC.
  ...['system_type', 'system_name', 'sysplex_name'].map((field): ByteRow => ({
    vmsd: 's390_control_program_id',
    field,
    label: `${field.replace('_', ' ')}, in EBCDIC`,
  })),
  // hw/s390x/ipl.c.
  ...reserved('ipl/iplb', 'reserved1', 'reserved2'),
  ...reserved('ipl/iplb_extended', 'reserved_ext'),
];
