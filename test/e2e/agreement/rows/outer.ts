// Rows: header, configuration, framing, versions, footers, the tail. Imports its own folder.

import { at, type Anatomy, type Item } from '../anatomy.js';
import {
  be32,
  be64,
  bytesOf,
  counted,
  drop,
  first,
  full,
  headerOf,
  hex,
  insert,
  join,
  put,
  text,
  type Patch,
} from '../patch.js';
import { adding, machine, machineOption, rowsOf, type Row } from '../row.js';

const part = (name: string, body: Uint8Array, version = 1): Uint8Array =>
  join(hex('05'), counted(name), be32(version), body);
const capabilities = (...names: readonly string[]): Uint8Array =>
  part('configuration/capabilities', join(be32(names.length), ...names.map(counted)));
const bits = (value: number, version = 1): Uint8Array => part('configuration/target-page-bits', be32(value), version);
const uuid = (value: string, version = 1): Uint8Array => part('configuration/uuid', hex(value), version);
const afterMachine = (a: Anatomy, ...parts: readonly Uint8Array[]): Patch[] => [insert(a.machine.name.end, ...parts)];
const machineName = (a: Anatomy, name: string): Patch[] => [
  put(a.machine.length, be32(name.length)),
  put(a.machine.name, text(name)),
];
const capability = (a: Anatomy): Anatomy['parts'][number] => a.parts.find((one) => one.name === 'capabilities')!;

const header = rowsOf('header', 'plain', {
  'magic differs': { mutate: () => [put(at(0, 4), text('QEVX'))] },
  'magic is zero': { mutate: () => [put(at(0, 4), be32(0))] },
  'version 2': { mutate: () => [put(at(4, 4), be32(2))] },
  'version 4': { mutate: () => [put(at(4, 4), be32(4))] },
  'version 0x03000000': { mutate: () => [put(at(4, 4), be32(0x03000000))] },
  'as it is': {},
});

const noConfiguration = adding('-global', 'migration.send-configuration=off');

const configuration = rowsOf('configuration', 'plain', {
  missing: { mutate: (a) => [drop(first(a, 'configuration').span)] },
  'missing, and not expected': { mutate: (a) => [drop(first(a, 'configuration').span)], on: { argv: noConfiguration } },
  'there, and not expected': { on: { argv: noConfiguration } },
  'never written': { base: 'no-configuration' },
  'never written, but expected': {
    base: 'no-configuration',
    on: { argv: (argv) => argv.filter((word) => word !== 'migration.send-configuration=off' && word !== '-global') },
  },
  'another byte': { mutate: () => [put(at(8, 1), hex('06'))] },
  'name length 2^32-1': { mutate: (a) => [put(a.machine.length, be32(0xffffffff))] },
  'name length 2^31-1': { mutate: (a) => [put(a.machine.length, be32(0x7fffffff))] },
  'name one byte longer than said': { mutate: (a) => [insert(a.machine.name.end, text('x'))] },
  'name longer, and said': {
    mutate: (a) => [put(a.machine.length, be32(a.machine.name.end - a.machine.name.start + 1))],
  },
  'unknown subsection': { mutate: (a) => afterMachine(a, part('configuration/other', be32(1))) },
  'a subsection of nobody': { mutate: (a) => afterMachine(a, part('nobody/other', be32(1))) },
  'a subsection of the same name as its owner': { mutate: (a) => afterMachine(a, part('configuration', be32(1))) },
  'written twice': {
    mutate: (a) => [insert(first(a, 'configuration').span.end, bytesOf(a, first(a, 'configuration').span))],
  },
  'capabilities twice': {
    base: 'ignore-shared',
    mutate: (a) => [insert(capability(a).span.end, bytesOf(a, capability(a).span))],
  },
});

const machines = rowsOf('machine', 'plain', {
  'a shorter name is a prefix': { mutate: (a) => machineName(a, 'pc-i440') },
  'its alias': { mutate: (a) => machineName(a, 'pc') },
  'the empty name': { mutate: (a) => machineName(a, '') },
  'one letter more': { mutate: (a) => machineName(a, `${a.configuration!.machine}x`) },
  'another type of the same family': { mutate: (a) => machineName(a, 'pc-i440fx-9.9') },
  'another family': { mutate: (a) => machineName(a, 'pc-q35-7.2') },
  'newlines in the name': { mutate: (a) => machineName(a, 'pc\n\n-i440fx\n') },
  'letters to be escaped': { mutate: (a) => machineName(a, 'pc\x07-\xff') },
  'destination is q35': { on: { argv: machine('q35') } },
  'destination is an older type': { on: { argv: machine('pc-i440fx-5.2') }, releases: ['7.2', '10.0', '11.1'] },
  'named by its full type': { on: { argv: (argv) => argv }, mutate: (a) => machineName(a, a.configuration!.machine) },
});

const pageBits = rowsOf('page-bits', 'plain', {
  'twelve, said aloud': { mutate: (a) => afterMachine(a, bits(12)) },
  thirteen: { mutate: (a) => afterMachine(a, bits(13)) },
  ten: { mutate: (a) => afterMachine(a, bits(10)) },
  zero: { mutate: (a) => afterMachine(a, bits(0)) },
  'version 2': { mutate: (a) => afterMachine(a, bits(12, 2)) },
  'version 0': { mutate: (a) => afterMachine(a, bits(12, 0)) },
  'version 257 is 1': { mutate: (a) => afterMachine(a, bits(12, 257)) },
  'thirteen, and another machine': { mutate: (a) => [...machineName(a, 'other'), ...afterMachine(a, bits(13))] },
});

const ignoreShared = { 'x-ignore-shared': true };

const caps = rowsOf('capabilities', 'plain', {
  'unknown name': { mutate: (a) => afterMachine(a, capabilities('from-the-future')) },
  'known name that is not compared': { mutate: (a) => afterMachine(a, capabilities('xbzrle')) },
  'several that are not compared': {
    mutate: (a) => afterMachine(a, capabilities('xbzrle', 'postcopy-ram', 'multifd')),
  },
  'a name that came with 10.0': { mutate: (a) => afterMachine(a, capabilities('switchover-ack')) },
  'a name that went with 9.1': { mutate: (a) => afterMachine(a, capabilities('compress')) },
  'zero-blocks': { mutate: (a) => afterMachine(a, capabilities('zero-blocks')) },
  'the empty list': { mutate: (a) => afterMachine(a, capabilities()) },
  'x-ignore-shared at the source only': { base: 'ignore-shared', on: { capabilities: {} } },
  'x-ignore-shared at the destination only': { on: { capabilities: ignoreShared } },
  'x-ignore-shared on both sides': { base: 'ignore-shared' },
  'mapped-ram at the source only': { base: 'mapped-ram', on: { capabilities: {} } },
  'mapped-ram in a list of 5.2': { mutate: (a) => afterMachine(a, capabilities('mapped-ram')) },
  'both differ': { base: 'mapped-ram', on: { capabilities: ignoreShared } },
  'count 2^32-1': { mutate: (a) => afterMachine(a, part('configuration/capabilities', be32(0xffffffff))) },
  'one more than said': { base: 'ignore-shared', mutate: (a) => [insert(capability(a).span.end, counted('xbzrle'))] },
  'one less than said': { base: 'ignore-shared', mutate: (a) => [put(at(capability(a).body.start, 4), be32(2))] },
  'version 2': { base: 'ignore-shared', mutate: (a) => [put(capability(a).version, be32(2))] },
  'empty name': { mutate: (a) => afterMachine(a, capabilities('')) },
  'a name of 255 letters': { mutate: (a) => afterMachine(a, capabilities('n'.repeat(255))) },
  'renamed subsection': {
    base: 'ignore-shared',
    mutate: (a) => [put(at(capability(a).span.start + 2, 26), text('configuration/capabilitiez'))],
  },
  'unknown name, and another machine': {
    mutate: (a) => [...machineName(a, 'other'), ...afterMachine(a, capabilities('from-the-future'))],
  },
  'mismatch, and another machine': {
    base: 'ignore-shared',
    mutate: (a) => machineName(a, 'other'),
    on: { capabilities: {} },
  },
  'xbzrle at the destination only': { on: { capabilities: { xbzrle: true } } },
  'postcopy-ram at the destination only': {
    base: 'postcopy-ready',
    mutate: (a) => a.items.filter(({ kind }) => kind === 'command').map(({ span }) => drop(span)),
    on: { capabilities: { 'postcopy-ram': true } },
  },
});

const ours = '6d737472 6561 6d00 8000 0123456789ab';
const theirs = '00112233 4455 6677 8899 aabbccddeeff';
const noUuid = (argv: readonly string[]): string[] =>
  argv.filter((word, i) => word !== '-uuid' && argv[i - 1] !== '-uuid');

const uuids = rowsOf('uuid', 'uuid', {
  'the same': {},
  'none in the stream': { mutate: (a) => a.parts.map(({ span }) => drop(span)) },
  'none at the destination': { on: { argv: noUuid, capabilities: {} } },
  'another in the stream': { mutate: (a) => [put(a.parts[0]!.body, hex(theirs))] },
  'another at the destination': {
    on: { argv: (argv) => [...noUuid(argv), '-uuid', '00000000-0000-4000-8000-000000000001'] },
  },
  'capability off at the destination': {
    mutate: (a) => [put(a.parts[0]!.body, hex(theirs))],
    on: { capabilities: {} },
  },
  'version 2': { mutate: (a) => [put(a.parts[0]!.version, be32(2))] },
  'another, and another machine': { mutate: (a) => [...machineName(a, 'other'), put(a.parts[0]!.body, hex(theirs))] },
  'before the capabilities': { base: 'ignore-shared', mutate: (a) => afterMachine(a, uuid(ours)) },
  'behind the capabilities': {
    base: 'ignore-shared',
    mutate: (a) => [insert(a.parts[0]!.span.end, uuid(ours))],
    on: { argv: adding('-uuid', '00000000-0000-4000-8000-000000000001') },
  },
});

const beforeFull = (a: Anatomy): number => first(a, 'full').span.start;
const ram = (a: Anatomy): Item[] => a.items.filter(({ section }) => section?.idstr === 'ram');
const renumber = (items: readonly Item[], id: number): Patch[] =>
  items.flatMap((item) => [put(at(item.span.start + 1, 4), be32(id)), put(at(item.footer.start + 1, 4), be32(id))]);
const swap = (a: Anatomy, one: Item, other: Item): Patch[] => [
  put(one.span, bytesOf(a, other.span)),
  put(other.span, bytesOf(a, one.span)),
];

/** The name of the vmsd alone, as QEMU wrote it before devices had paths. */
const unpath = (item: Item, instance = 0): Patch[] => {
  const { name, instance: at } = headerOf(item);
  const idstr = item.section!.idstr;
  return [put(name, counted(idstr.slice(idstr.lastIndexOf('/') + 1))), put(at, be32(instance))];
};
const unpathed = (idstr: string, instance = 0) => ({ mutate: (a: Anatomy) => unpath(full(a, idstr), instance) });

const sections = rowsOf('sections', 'plain', {
  'type 9': { mutate: (a) => [insert(beforeFull(a), hex('09'))] },
  'type 5': { mutate: (a) => [insert(beforeFull(a), hex('05'))] },
  'type 126': { mutate: (a) => [insert(beforeFull(a), hex('7e00000000'))] },
  'type 255': { mutate: (a) => [insert(beforeFull(a), hex('ff'))] },
  'EOF in the middle': { mutate: (a) => [insert(beforeFull(a), hex('00'))] },
  'ids of a FULL are arbitrary': { mutate: (a) => renumber([full(a, 'timer')], 4711) },
  'ids of ram are arbitrary': { mutate: (a) => renumber(ram(a), 4711) },
  'ids may repeat': { mutate: (a) => renumber([full(a, 'cpu'), full(a, 'i8254')], 3) },
  'id of ram is 0': { mutate: (a) => renumber(ram(a), 0) },
  'id of a FULL is 0': { mutate: (a) => renumber([full(a, 'i8254')], 0) },
  'all ids are 0': {
    mutate: (a) =>
      renumber(
        a.items.filter(({ section }) => section !== undefined),
        0,
      ),
  },
  'PART of id 0 behind a FULL of id 0': {
    mutate: (a) => [
      drop(full(a, 'timer').span),
      insert(first(a, 'part').span.start, bytesOf(a, full(a, 'timer').span)),
      ...renumber([first(a, 'part')], 0),
    ],
  },
  'END of id 0 behind all devices': {
    mutate: (a) => [insert(first(a, 'eof').span.start, hex('03 00000000'), be64(0x10), hex('7e 00000000'))],
  },
  'PART of id 0, the id of the first device': {
    mutate: (a) => [insert(first(a, 'start').span.start, hex('02 00000000'))],
  },
  'PART of id 0 of a device without its own table': { base: 'no-vmdesc', mutate: (a) => renumber(ram(a), 0) },
  'PART of nobody': { mutate: (a) => renumber([first(a, 'part')], 4711) },
  'PART of id 0': { mutate: (a) => renumber([first(a, 'part')], 0) },
  'END of nobody': { mutate: (a) => renumber([first(a, 'end')], 4711) },
  'START dropped': { mutate: (a) => [drop(first(a, 'start').span)] },
  'PART dropped': { mutate: (a) => [drop(first(a, 'part').span)] },
  'END dropped': { mutate: (a) => [drop(first(a, 'end').span)] },
  'all of ram dropped': { mutate: (a) => ram(a).map(({ span }) => drop(span)) },
  'START twice': { mutate: (a) => [insert(first(a, 'start').span.end, bytesOf(a, first(a, 'start').span))] },
  'PART twice': { mutate: (a) => [insert(first(a, 'part').span.end, bytesOf(a, first(a, 'part').span))] },
  'PART behind END': {
    mutate: (a) => [drop(first(a, 'part').span), insert(first(a, 'end').span.end, bytesOf(a, first(a, 'part').span))],
  },
  'all devices dropped': { mutate: (a) => a.items.filter(({ kind }) => kind === 'full').map(({ span }) => drop(span)) },
  'a device dropped': { mutate: (a) => [drop(full(a, 'i8254').span)] },
  'the CPU dropped': { mutate: (a) => [drop(full(a, 'cpu').span)] },
  'a device twice': { mutate: (a) => [insert(full(a, 'timer').span.end, bytesOf(a, full(a, 'timer').span))] },
  'two devices swapped': { mutate: (a) => swap(a, full(a, 'i8254'), full(a, 'port92')) },
  'two instances swapped': {
    mutate: (a) => [
      put(headerOf(full(a, 'i8259', 0)).instance, be32(1)),
      put(headerOf(full(a, 'i8259', 1)).instance, be32(0)),
    ],
  },
  'a device before ram': {
    mutate: (a) => [
      drop(full(a, 'timer').span),
      insert(first(a, 'start').span.start, bytesOf(a, full(a, 'timer').span)),
    ],
  },
  'a device as START': { mutate: (a) => [put(at(full(a, 'timer').span.start, 1), hex('01'))] },
  'ram as FULL': { mutate: (a) => [put(at(first(a, 'start').span.start, 1), hex('04'))] },
  'another name': { mutate: (a) => [put(headerOf(full(a, 'timer')).name, counted('tomer'))] },
  'a longer name': { mutate: (a) => [put(headerOf(full(a, 'timer')).name, counted('timer/2'))] },
  'letters to be escaped': { mutate: (a) => [put(headerOf(full(a, 'timer')).name, counted('t\x1b[2J\xc3'))] },
  'no name': { mutate: (a) => [put(headerOf(full(a, 'timer')).name, counted(''))] },
  'a device path that is not there': {
    mutate: (a) => [put(headerOf(full(a, '0000:00:01.3/piix4_pm')).name, counted('0000:00:09.3/piix4_pm'))],
  },
  'a device path left out': unpathed('0000:00:01.3/piix4_pm'),
  'a device path left out, and another instance': unpathed('0000:00:01.3/piix4_pm', 1),
  'a device path left out, and instance 2^32-1': unpathed('0000:00:01.3/piix4_pm', 0xffffffff),
  'every device path left out': {
    mutate: (a) => a.items.flatMap((item) => (item.kind === 'full' ? unpath(item) : [])),
  },
  'a part of a name': { mutate: (a) => [put(headerOf(full(a, '0000:00:01.3/piix4_pm')).name, counted('piix4'))] },
  'a device path of two words left out': { base: 'q35-devices', ...unpathed('0000:00:04.0/0:0:0/scsi-disk') },
  'half a device path left out': {
    base: 'q35-devices',
    mutate: (a) => [put(headerOf(full(a, '0000:00:04.0/0:0:0/scsi-disk')).name, counted('0:0:0/scsi-disk'))],
  },
  'the paths of two disks left out': {
    base: 'two-disks',
    mutate: (a) => a.items.filter(({ section }) => section?.idstr.endsWith('/virtio-blk')).flatMap(unpath),
  },
  'an instance of an ISA port': { mutate: (a) => [put(headerOf(full(a, 'i8254')).instance, be32(0x40))] },
  'another instance': { mutate: (a) => [put(headerOf(full(a, 'timer')).instance, be32(1))] },
  'instance 2^32-1': { mutate: (a) => [put(headerOf(full(a, 'timer')).instance, be32(0xffffffff))] },
  'instance 1 of ram': { mutate: (a) => [put(headerOf(first(a, 'start')).instance, be32(1))] },
  'instance 2^32-1 of ram': { mutate: (a) => [put(headerOf(first(a, 'start')).instance, be32(0xffffffff))] },
  'a section nobody knows': {
    mutate: (a) => [insert(beforeFull(a), hex('04 00000063'), counted('nobody'), be32(0), be32(1), hex('7e 00000063'))],
  },
});

const version = (idstr: string, value: number) => ({
  mutate: (a: Anatomy) => [put(headerOf(full(a, idstr)).version, be32(value))],
});

const versions = rowsOf('versions', 'plain', {
  'ram 3': { mutate: (a) => [put(headerOf(first(a, 'start')).version, be32(3))] },
  'ram 5': { mutate: (a) => [put(headerOf(first(a, 'start')).version, be32(5))] },
  'ram 0': { mutate: (a) => [put(headerOf(first(a, 'start')).version, be32(0))] },
  'timer too new': version('timer', 3),
  'timer much too new': version('timer', 0xffffffff),
  'timer 1 has less fields': version('timer', 1),
  'timer too old': version('timer', 0),
  'cpu 11': version('cpu', 11),
  'cpu 13': version('cpu', 13),
  'apic 2': version('apic', 2),
  'apic 4': version('apic', 4),
  'i8254 too old': version('i8254', 2),
  'mc146818rtc 2': version('mc146818rtc', 2),
  'mc146818rtc 0': version('mc146818rtc', 0),
  'hpet 1 has less fields': version('hpet', 1),
  'ioapic 2': version('ioapic', 2),
  'ioapic 1': version('ioapic', 1),
  'globalstate 2': version('globalstate', 2),
  'vmmouse is 0': version('vmmouse', 1),
  'pckbd 2': version('pckbd', 2),
  'the same': version('timer', 2),
  'of a PCI device': { mutate: (a) => [put(headerOf(full(a, '0000:00:01.3/piix4_pm')).version, be32(4))] },
});

const noFooters = adding('-global', 'migration.send-section-footer=off');
const everyFooter = (a: Anatomy): Patch[] => a.items.map(({ footer }) => drop(footer));

const footers = rowsOf('footers', 'plain', {
  'of a device is missing': { mutate: (a) => [drop(full(a, 'timer').footer)] },
  'of the last device is missing': { mutate: (a) => [drop(full(a, 'globalstate').footer)] },
  'of ram is missing': { mutate: (a) => [drop(first(a, 'start').footer)] },
  'of a PART is missing': { mutate: (a) => [drop(first(a, 'part').footer)] },
  'of END is missing': { mutate: (a) => [drop(first(a, 'end').footer)] },
  'another mark': { mutate: (a) => [put(at(full(a, 'timer').footer.start, 1), hex('7f'))] },
  'another id': { mutate: (a) => [put(at(full(a, 'timer').footer.start + 1, 4), be32(0x1234))] },
  'another id, of ram': { mutate: (a) => [put(at(first(a, 'part').footer.start + 1, 4), be32(9))] },
  'written twice': { mutate: (a) => [insert(full(a, 'timer').footer.end, bytesOf(a, full(a, 'timer').footer))] },
  'none at all': { mutate: everyFooter },
  'none at all, and none expected': { mutate: everyFooter, on: { argv: noFooters } },
  'there, and not expected': { on: { argv: noFooters } },
  'never written': { base: 'no-footers' },
  'never written, but expected': {
    base: 'no-footers',
    on: { argv: (argv) => argv.filter((word) => word !== 'migration.send-section-footer=off' && word !== '-global') },
  },
});

const afterEof = (a: Anatomy): number => first(a, 'eof').span.end;

const tail = rowsOf('tail', 'plain', {
  'no vmdescription': { mutate: (a) => [drop(first(a, 'vmdescription').span)] },
  'never written': { base: 'no-vmdesc' },
  'never written, but expected': {
    base: 'no-vmdesc',
    on: { argv: (argv) => argv.map((word) => word.replace(',suppress-vmdesc=on', '')) },
  },
  'there, and not expected': { on: { argv: machineOption('suppress-vmdesc=on') } },
  'length too large': { mutate: (a) => [put(at(afterEof(a) + 1, 4), be32(0xffffffff))] },
  'length too small': { mutate: (a) => [put(at(afterEof(a) + 1, 4), be32(1))] },
  'no JSON': { mutate: (a) => [put(at(afterEof(a) + 5, 8), text('}}}}}}}}'))] },
  'another byte behind EOF': { mutate: (a) => [put(at(afterEof(a), 1), hex('07'))] },
  'bytes behind the end': { mutate: (a) => [insert(a.bytes.length, hex('0102030405'))] },
  'EOF missing': { mutate: (a) => [drop(first(a, 'eof').span)] },
  'EOF and vmdescription missing': {
    mutate: (a) => [drop(first(a, 'eof').span), drop(first(a, 'vmdescription').span)],
  },
  'EOF twice': { mutate: (a) => [insert(afterEof(a), hex('00'))] },
});

export const outerRows: readonly Row[] = [
  ...header,
  ...configuration,
  ...machines,
  ...pageBits,
  ...caps,
  ...uuids,
  ...sections,
  ...versions,
  ...footers,
  ...tail,
];
