// Rows: the capture as it is, another destination; the same from one release to another. Imports its own folder.

import type { Anatomy } from '../anatomy.js';
import { be32, drop, first, insert, put, text, type Patch } from '../patch.js';
import { adding, both, machine, machineOption, releases, rowsOf, without, type Row } from '../row.js';

const scenarios = [
  'plain',
  'running',
  'ignore-shared',
  'ignore-shared-2nodes',
  'live',
  'live-xbzrle',
  'compress',
  'q35-devices',
  'microvm',
  'no-vmdesc',
  'no-configuration',
  'no-footers',
  'uuid',
  'dirty-bitmaps',
  'return-path',
  'postcopy-ready',
  'background-snapshot',
  'mapped-ram',
  'mapped-ram-ignore-shared',
  'memfd',
  'virtio',
  'pc-5.2',
  'virtio-5.2',
];

const unmodified = rowsOf('unmodified', 'plain', {
  ...Object.fromEntries(
    scenarios.map((base) => [base, { base, ...(base === 'background-snapshot' ? { on: { capabilities: {} } } : {}) }]),
  ),
  // The other side of "as it was": one byte of the machine's name.
  'plain, a letter changed': {
    mutate: (a) => [put({ start: a.machine.name.start, end: a.machine.name.start + 1 }, text('q'))],
  },
});

const without2 = (
  one: string,
  value: RegExp,
  other: string,
  otherValue: RegExp,
): ((argv: readonly string[]) => readonly string[]) => both(without(one, value), without(other, otherValue));

const destination = rowsOf('destination', 'plain', {
  'an extra PCI device': { on: { argv: adding('-device', 'i6300esb') } },
  'an extra VGA': { on: { argv: adding('-device', 'VGA,romfile=') } },
  'an extra serial port': { on: { argv: adding('-device', 'isa-serial') } },
  USB: { on: { argv: machineOption('usb=on') } },
  'no hpet': { on: { argv: machineOption('hpet=off') } },
  'no vmport': { on: { argv: machineOption('vmport=off') } },
  'no pic': { on: { argv: machineOption('pic=off') }, releases: ['7.2', '10.0', '11.1'] },
  'no pit': { on: { argv: machineOption('pit=off') } },
  'no smbus': { on: { argv: machineOption('smbus=off') }, releases: ['7.2', '10.0', '11.1'] },
  'two CPUs': { on: { argv: adding('-smp', '2') } },
  'one CPU of four': { on: { argv: adding('-smp', '1,maxcpus=4') } },
  'another CPU model': { on: { argv: adding('-cpu', 'qemu32') } },
  'max CPU': { on: { argv: adding('-cpu', 'max') } },
  'memory slots': {
    on: { argv: (argv) => argv.map((word, i) => (argv[i - 1] === '-m' ? '2,slots=2,maxmem=1G' : word)) },
  },
  'no memory hotplug': { on: { argv: adding('-global', 'PIIX4_PM.memory-hotplug-support=off') } },
  'no ACPI': { on: { argv: (argv) => argv.map((word, i) => (argv[i - 1] === '-M' ? `${word},acpi=off` : word)) } },
  'fw_cfg without DMA': { on: { argv: adding('-global', 'fw_cfg.dma_enabled=off') }, releases: ['5.2', '7.2', '10.0'] },
  'no floppy controller': { on: { argv: machineOption('i8042=off') }, releases: ['7.2', '10.0', '11.1'] },
  'one CPU for two': { base: 'virtio', on: { argv: without('-smp') } },
  'no disk': { base: 'virtio', on: { argv: without2('-device', /virtio-blk/, '-blockdev', /disk0/) } },
  'no network': { base: 'virtio', on: { argv: without2('-device', /virtio-net/, '-netdev', /n0/) } },
  'no watchdog': { base: 'virtio', on: { argv: without('-device', /i6300esb/) } },
  'no serial port': { base: 'virtio', on: { argv: without('-device', /isa-serial/) } },
  'the watchdog elsewhere': {
    base: 'virtio',
    on: { argv: (argv) => argv.map((word) => (word === 'i6300esb' ? 'i6300esb,addr=0x12' : word)) },
  },
  'the disk’s queues shorter': {
    base: 'virtio',
    on: { argv: (argv) => argv.map((word) => (word.startsWith('virtio-blk-pci') ? `${word},queue-size=64` : word)) },
  },
  'the disk has four queues': {
    base: 'virtio',
    on: { argv: (argv) => argv.map((word) => (word.startsWith('virtio-blk-pci') ? `${word},num-queues=4` : word)) },
  },
  'the disk has one queue': {
    base: 'virtio',
    on: { argv: (argv) => argv.map((word) => (word.startsWith('virtio-blk-pci') ? `${word},num-queues=1` : word)) },
  },
  'the disk’s vectors': {
    base: 'virtio',
    on: { argv: (argv) => argv.map((word) => (word.startsWith('virtio-blk-pci') ? `${word},vectors=7` : word)) },
  },
  'the disk is transitional': {
    base: 'virtio',
    on: {
      argv: (argv) => argv.map((word) => (word.startsWith('virtio-blk-pci') ? `${word},disable-legacy=on` : word)),
    },
  },
  'the disk is larger': {
    base: 'virtio',
    on: { argv: (argv) => argv.map((word) => word.replace('size=1048576', 'size=2097152')) },
  },
  'the network’s offloads off': {
    base: 'virtio',
    on: {
      argv: (argv) =>
        argv.map((word) => (word.startsWith('virtio-net-pci') ? `${word},csum=off,gso=off,guest_csum=off` : word)),
    },
  },
  'an extra disk': {
    base: 'virtio',
    on: {
      argv: adding(
        '-blockdev',
        'driver=null-co,node-name=diskx,read-zeroes=on',
        '-device',
        'virtio-blk-pci,drive=diskx',
      ),
    },
  },
  'q35 without its root port': {
    base: 'q35-devices',
    on: {
      argv: (argv) =>
        argv.filter((word, i) => !/rp0/.test(word) && !(word === '-device' && /rp0/.test(argv[i + 1] ?? ''))),
    },
  },
  'q35 without xHCI and tablet': {
    base: 'q35-devices',
    on: { argv: without2('-device', /usb-tablet/, '-device', /qemu-xhci/) },
  },
  'q35 without balloon': { base: 'q35-devices', on: { argv: without('-device', /balloon/) } },
  'microvm without its device': { base: 'microvm', on: { argv: without('-device', /rng/) } },
  'microvm with PCIe': { base: 'microvm', on: { argv: machineOption('pcie=on') }, releases: ['7.2', '10.0', '11.1'] },
  'microvm without pit': { base: 'microvm', on: { argv: machineOption('pit=off') } },
  'microvm with rtc off': { base: 'microvm', on: { argv: machineOption('rtc=off') } },
});

/** The machine's own name replaced by the destination's. */
const named =
  (name: string) =>
  (a: Anatomy): Patch[] => [put(a.machine.length, be32(name.length)), put(a.machine.name, text(name))];
const withoutCommands = (a: Anatomy): Patch[] =>
  a.items.filter(({ kind }) => kind === 'command').map(({ span }) => drop(span));

const crossing: Row[] = [
  // Every pair of releases, three machines: what ordinary upgrades and downgrades meet.
  ...['plain', 'pc-5.2', 'virtio-5.2', 'microvm', 'no-vmdesc'].map((base): Row => ({
    rule: 'crossing',
    name: `${base} from`,
    base,
    from: releases,
  })),
  {
    rule: 'crossing',
    name: 'no vmdescription and no machine name from',
    base: 'no-vmdesc',
    from: releases,
    mutate: (a) => [...named('')(a), ...withoutCommands(a)],
  },
  {
    rule: 'crossing',
    name: 'plain without its machine name from',
    base: 'plain',
    from: releases,
    mutate: (a) => [...named('')(a), ...withoutCommands(a)],
  },
  { rule: 'crossing', name: 'plain with a prefix from', base: 'plain', from: releases, mutate: named('pc-i440fx') },
  {
    rule: 'crossing',
    name: 'shared without its machine name from',
    base: 'ignore-shared',
    from: releases,
    mutate: (a) => [...named('')(a), ...withoutCommands(a)],
  },
  {
    rule: 'crossing',
    name: 'mapped-ram without its machine name from',
    base: 'mapped-ram',
    from: ['10.0', '11.1'],
    mutate: named('pc'),
  },
  {
    rule: 'crossing',
    name: 'q35 without its machine name from',
    base: 'q35-devices',
    from: releases,
    mutate: named(''),
  },
  // The dialects of 4.0 and 4.1.
  {
    rule: 'crossing',
    name: 'template from',
    base: 'ignore-shared',
    from: ['4.0.0', '4.1.0'],
    mutate: named(''),
    releases: ['5.2', '7.2', '10.0', '11.1'],
  },
  {
    rule: 'crossing',
    name: 'template of the same machine type from',
    base: 'ignore-shared',
    from: ['4.0.0', '4.1.0'],
    releases: ['5.2', '7.2', '10.0'],
    on: { argv: machine('pc-i440fx-4.1') },
    mutate: named('pc-i440fx-4'),
  },
  {
    rule: 'crossing',
    name: 'template without the byte of 4.0 from',
    base: 'ignore-shared',
    from: ['4.0.0'],
    releases: ['5.2', '7.2', '10.0'],
    on: { argv: machine('pc-i440fx-4.0') },
    mutate: (a) => a.blocks.map((one) => drop({ start: one.span.end - 1, end: one.span.end })),
  },
  {
    rule: 'crossing',
    name: 'save of the same machine type from',
    base: 'plain',
    from: ['4.0.0', '4.1.0'],
    releases: ['5.2', '7.2', '10.0'],
    on: { argv: machine('pc-i440fx-4.1') },
    mutate: named('pc-i440fx-4'),
  },
  {
    rule: 'crossing',
    name: 'save of a machine type that went from',
    base: 'plain',
    from: ['4.0.0', '4.1.0'],
    releases: ['11.1'],
  },
  {
    rule: 'crossing',
    name: 'live xbzrle from',
    base: 'live-xbzrle',
    from: ['4.0.0'],
    releases: ['5.2', '7.2', '10.0'],
    on: { argv: machine('pc-i440fx-4.0') },
  },
  { rule: 'crossing', name: 'compressed from', base: 'compress', from: ['4.0.0', '5.2'], mutate: named('') },
  {
    rule: 'crossing',
    name: 'with a command of 10.0 from',
    base: 'pc-5.2',
    from: ['7.2'],
    mutate: (a) => [insert(first(a, 'end').span.start, Uint8Array.of(8, 0, 11, 0, 0))],
  },
];

export const destinationRows: readonly Row[] = [...unmodified, ...destination, ...crossing];
