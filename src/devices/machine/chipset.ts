// Register files of chipsets that QEMU describes as plain bytes: ICH9's chipset configuration registers (the RCRB), the
// general purpose events of ACPI, SMBus. From the ICH9 data sheet, chapter 10, and the ACPI specification, 4.8.4; QEMU:
// hw/isa/lpc_ich9.c, hw/acpi/core.c, hw/i2c/pm_smbus.c.

import { pieces } from '../bytes.js';
import type { ByteRow, Decoder } from '../rule.js';

/** Offset, bytes (little-endian), name. QEMU acts on D25IR to D31IR, OIC and GCS; the rest is memory to it. */
const rcrb: readonly (readonly [number, number, string])[] = [
  [0x0000, 4, 'VCH'],
  [0x0004, 4, 'VCAP1'],
  [0x0008, 4, 'VCAP2'],
  [0x000c, 2, 'PVC'],
  [0x000e, 2, 'PVS'],
  [0x0010, 4, 'V0CAP'],
  [0x0014, 4, 'V0CTL'],
  [0x001a, 2, 'V0STS'],
  [0x001c, 4, 'V1CAP'],
  [0x0020, 4, 'V1CTL'],
  [0x0026, 2, 'V1STS'],
  [0x0030, 4, 'PAT'],
  [0x0088, 4, 'CIR1'],
  [0x0100, 4, 'RCTCL'],
  [0x0104, 4, 'ESD'],
  [0x0110, 4, 'ULD'],
  [0x0118, 8, 'ULBA'],
  [0x01a0, 4, 'ILCL'],
  [0x01a4, 4, 'LCAP'],
  [0x01a8, 2, 'LCTL'],
  [0x01aa, 2, 'LSTS'],
  [0x3000, 1, 'TCTL'],
  [0x3100, 4, 'D31IP'],
  [0x3104, 4, 'D30IP'],
  [0x3108, 4, 'D29IP'],
  [0x310c, 4, 'D28IP'],
  [0x3110, 4, 'D27IP'],
  [0x3114, 4, 'D26IP'],
  [0x3118, 4, 'D25IP'],
  [0x3140, 2, 'D31IR'],
  [0x3142, 2, 'D30IR'],
  [0x3144, 2, 'D29IR'],
  [0x3146, 2, 'D28IR'],
  [0x3148, 2, 'D27IR'],
  [0x314c, 2, 'D26IR'],
  [0x3150, 2, 'D25IR'],
  [0x31ff, 1, 'OIC'],
  [0x3400, 4, 'RC'],
  [0x3404, 4, 'HPTC'],
  [0x3410, 4, 'GCS'],
  [0x3414, 1, 'BUC'],
  [0x3418, 4, 'FD'],
  [0x341c, 4, 'CG'],
];

const names = new Map<number, string>();
for (const [at, size, name] of rcrb)
  for (let i = 0; i < size; i += 1) names.set(at + i, size === 1 ? name : `${name}, byte ${i}`);

/** ICH9 and PIIX4 keep status and enable bits of the same events. */
const events = (vmsd: string, prefix: string): ByteRow[] =>
  (['sts', 'en'] as const).map((half) => ({
    vmsd,
    field: `${prefix}${half}`,
    label: half === 'sts' ? 'GPE status' : 'GPE enable',
    element: (index) => `GPE ${index * 8} to ${index * 8 + 7}`,
  }));

export const chipset: Decoder = {
  bytes: [
    {
      vmsd: 'ICH9LPC',
      field: 'chip_config',
      label: 'chipset configuration registers',
      element: (index) => names.get(index) ?? `memory 0x${index.toString(16)}`,
    },
    ...events('ich9_pm', 'acpi_regs.gpe.'),
    // hw/i2c/pm_smbus.c.
    {
      vmsd: 'pmsmb',
      field: 'smb_data',
      label: 'block data',
      ...pieces((sibling) => ({ done: sibling('smb_index'), count: sibling('smb_data0') })),
    },
  ],
};
