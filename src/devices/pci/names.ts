// What people call the values in PCI configuration space: vendors, classes, command bits, what a BAR decodes to. Names
// from the PCI standard and include/hw/pci/pci_ids.h.

import { ArrayBranch, type FieldNode } from '../../vmstate/index.js';
import type { Meaning, MeaningRule } from '../rule.js';
import { bitNames, numberOf } from '../values.js';
import { barKind } from './bars.js';

const vendors: Readonly<Record<number, string>> = {
  0x1000: 'LSI',
  0x1022: 'AMD',
  0x10ec: 'Realtek',
  0x1013: 'Cirrus Logic',
  0x106b: 'Apple',
  0x1234: 'QEMU (standard VGA)',
  0x1274: 'Ensoniq',
  0x15ad: 'VMware',
  0x1912: 'Renesas',
  0x1af4: 'Red Hat (virtio)',
  0x1b36: 'Red Hat',
  0x8086: 'Intel',
  0xffff: 'none',
};

const classes: Readonly<Record<number, string>> = {
  0x0100: 'SCSI controller',
  0x0101: 'IDE controller',
  0x0106: 'SATA controller',
  0x0108: 'NVMe controller',
  0x0180: 'storage controller',
  0x0200: 'Ethernet controller',
  0x0280: 'network controller',
  0x0300: 'VGA controller',
  0x0380: 'display controller',
  0x0401: 'audio controller',
  0x0403: 'HD audio controller',
  0x0500: 'RAM controller',
  0x0600: 'host bridge',
  0x0601: 'ISA bridge',
  0x0604: 'PCI bridge',
  0x0680: 'bridge',
  0x0780: 'communication controller',
  0x0880: 'system peripheral',
  0x0900: 'keyboard controller',
  0x0980: 'input controller',
  0x0c03: 'USB controller',
  0x0c05: 'SMBus controller',
  0x1000: 'encryption controller',
};

const commandBits = [
  'io',
  'memory',
  'bus master',
  'special cycles',
  'write invalidate',
  'VGA snoop',
  'parity',
  'stepping',
  'SERR',
  'fast back-to-back',
  'INTx off',
];
const statusBits = ['', '', '', 'INTx', 'capabilities', '66 MHz', '', 'fast back-to-back'];

const numeric =
  (text: (value: number, node: FieldNode) => string | undefined, label?: string) =>
  (node: FieldNode): Meaning | undefined => {
    const value = numberOf(node);
    return value === undefined ? undefined : { label, text: text(value, node) };
  };

function bar(node: FieldNode, index: number | undefined): Meaning | undefined {
  const value = numberOf(node);
  if (value === undefined || index === undefined) return undefined;
  const label = `BAR${index}`;
  const before = node.parent instanceof ArrayBranch && index > 0 ? numberOf(node.parent.at(index - 1)) : undefined;
  if (before !== undefined && barKind(before).wide) return { label, text: `upper half of BAR${index - 1}` };
  if (value === 0) return { label, text: 'unset' };
  const { io, wide, bits } = barKind(value);
  const kind = io ? 'I/O' : `${wide ? '64-bit ' : ''}memory${(value & 8) === 0 ? '' : ', prefetchable'}`;
  return { label, text: `${kind} 0x${((value & ~bits) >>> 0).toString(16)}` };
}

const common = [
  ['vendor_id', numeric((value) => vendors[value])],
  ['class', numeric((value) => classes[value >>> 8])],
  ['command', numeric((value) => bitNames(value, commandBits))],
  ['status', numeric((value) => bitNames(value, statusBits))],
  [
    'interrupt_pin',
    numeric((value) => (value >= 1 && value <= 4 ? `INT${'ABCD'[value - 1]}` : value === 0 ? 'none' : undefined)),
  ],
  ['bar', bar],
  [
    'rom_address',
    numeric(
      (value) => ((value & 1) === 1 ? `enabled at 0x${((value & ~0x7ff) >>> 0).toString(16)}` : 'disabled'),
      'ROM',
    ),
  ],
] as const satisfies readonly (readonly [string, MeaningRule['meaning']])[];

/** Interrupt routing of PIIX and ICH9: bit 7 switches it off. */
const route =
  (first: number) =>
  (node: FieldNode, index: number | undefined): Meaning | undefined => {
    const value = numberOf(node);
    if (index === undefined) return { label: 'interrupt routing' };
    return value === undefined
      ? undefined
      : { label: `PIRQ${'ABCDEFGH'[first + index]}`, text: (value & 0x80) !== 0 ? 'not routed' : `IRQ ${value & 0xf}` };
  };

/** Several registers of one kind: bytes that say nothing by themselves but which one they are. */
const numbered: readonly (readonly [string, string, string])[] = [
  ['pam', 'PAM', 'what lies over ROM addresses'],
  ['drb', 'DRB', 'row boundaries of DRAM'],
  ['mbirq', 'MBIRQ', 'interrupt routing of the motherboard'],
  ['mbdma', 'MBDMA', 'DMA routing of the motherboard'],
  ['smbshdw', 'SMBSHDW', 'SMBus slave shadow'],
];

export const pciMeanings: readonly MeaningRule[] = [
  ...numbered.map(([field, name, whole]) => ({
    vmsd: 'pci header',
    field,
    meaning: (_node: FieldNode, index: number | undefined): Meaning => ({
      label: index === undefined ? whole : `${name}${index}`,
    }),
  })),
  {
    vmsd: 'msix state',
    field: 'pending',
    meaning: (_node, index) => ({
      label: index === undefined ? 'pending vectors' : `vectors ${index * 8} to ${index * 8 + 7}`,
    }),
  },
  { vmsd: 'pci header', field: 'pirq_route', meaning: route(0) },
  { vmsd: 'pci header', field: 'pirq_route_e', meaning: route(4) },
  ...['pci header', 'pci bridge header'].flatMap((vmsd) =>
    common.map(([field, meaning]) => ({ vmsd, field, meaning })),
  ),
  {
    vmsd: 'pci msix',
    field: 'control',
    meaning: numeric(
      (value) =>
        `${(value & 0x7ff) + 1} vectors, ${(value & 0x8000) === 0 ? 'off' : 'on'}${(value & 0x4000) === 0 ? '' : ', masked'}`,
    ),
  },
  { vmsd: 'pci msi', field: 'control', meaning: numeric((value) => ((value & 1) === 0 ? 'off' : 'on')) },
  { vmsd: 'pci pm', field: 'control', meaning: numeric((value) => `D${value & 3}`) },
];
