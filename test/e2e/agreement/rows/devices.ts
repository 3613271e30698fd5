// Rows: fields of devices that QEMU checks, subsections, run state. Imports its own folder.

import { deviceLabel, findNodes } from '../../../../src/vmstate/index.js';
import { at, type Anatomy } from '../anatomy.js';
import {
  be16,
  be32,
  be64,
  bytesOf,
  counted,
  drop,
  field,
  full,
  headerOf,
  hex,
  insert,
  join,
  put,
  set,
  text,
  u8,
  type Patch,
} from '../patch.js';
import { rowsOf, type Row } from '../row.js';

const pm = '0000:00:01.3/piix4_pm';

/** The PCI Express capability of the first root port. */
const port = (a: Anatomy): number => field(a, '0000:00:01.0/pcie-root-port.*vendor_id').start + 0x54;
const flipped = (a: Anatomy, offset: number, bits: number): Patch => put(at(offset, 1), u8(a.bytes[offset]! ^ bits));

const fields = rowsOf('fields', 'plain', {
  'an equal: nirq of PCIBUS': set('PCIBUS.nirq', be32(5)),
  'an equal: num_floppies': set('fdc.state.num_floppies', u8(1)),
  'an equal: queue_size of vmmouse': set('vmmouse.queue_size', be32(1023)),
  'an equal: ports of AHCI': { base: 'q35-devices', ...set('0000:00:1f.2/ich9_ahci.ahci.ports', be32(5)) },
  'an equal: nirq of a second bus': { base: 'q35-devices', ...set('PCIBUS/1.nirq', be32(1)) },
  'an equal that is met': set('PCIBUS.nirq', be32(4)),
  'a le: version of a PCI device too large': set(`${pm}.parent_obj.version_id`, be32(3)),
  'a le: version of a PCI device smaller': set(`${pm}.parent_obj.version_id`, be32(1)),
  'a le: version of a PCI device negative': set(`${pm}.parent_obj.version_id`, be32(0xffffffff)),
  'vendor of a PCI device': set(`${pm}.parent_obj.config*.vendor_id`, hex('8780')),
  'device of a PCI device': set(`${pm}.parent_obj.config*.device_id`, hex('1470')),
  'class of a PCI device': set(`${pm}.parent_obj.config*.class`, hex('010203')),
  'revision of a PCI device': set(`${pm}.parent_obj.config*.revision`, u8(9)),
  'header type of a PCI device': set(`${pm}.parent_obj.config*.header_type`, u8(1)),
  'command of a PCI device': set(`${pm}.parent_obj.config*.command`, hex('0701')),
  'status of a PCI device': set(`${pm}.parent_obj.config*.status`, hex('8002')),
  'interrupt line of a PCI device': set(`${pm}.parent_obj.config*.interrupt_line`, u8(11)),
  'interrupt pin of a PCI device': set(`${pm}.parent_obj.config*.interrupt_pin`, u8(2)),
  'irq state of a PCI device is no irq state': set(`${pm}.parent_obj.irq_state[0]`, be32(2)),
  'BAR of a PCI device': {
    base: 'q35-devices',
    ...set('0000:00:03.0/virtio-blk.virtio.pci.config*.bar[0]', hex('01c00000')),
  },
  'capability pointer of a PCI device': {
    base: 'q35-devices',
    ...set('0000:00:03.0/virtio-blk.virtio.pci.config*.capability_pointer', u8(0x44)),
  },
  'MSI-X table size': {
    base: 'q35-devices',
    ...set('0000:00:03.0/virtio-blk.virtio.pci.config*.msix.control', hex('0700')),
  },
  'a slot as a guest leaves it that plugs by itself': {
    base: 'q35-devices',
    mutate: (a) => [put(at(port(a) + 0x18, 2), hex('f90b'))],
  },
  'a slot with an event that waits': { base: 'q35-devices', mutate: (a) => [flipped(a, port(a) + 0x1a, 0x08)] },
  'a slot with another card in it': { base: 'q35-devices', mutate: (a) => [flipped(a, port(a) + 0x1a, 0x40)] },
  'a slot of another number': { base: 'q35-devices', mutate: (a) => [flipped(a, port(a) + 0x16, 0x08)] },
  'hpet with more timers': set('hpet.num_timers*', u8(33)),
  'hpet with fewer timers': set('hpet.num_timers*', u8(2)),
  'ps2kbd queue out of range': set('ps2kbd.*.queue.rptr', be32(1000)),
  'ps2kbd queue count': set('ps2kbd.*.queue.count', be32(300)),
  'i8254 count': set('i8254.channels[0].count', be32(0)),
  'timer offsets': set('timer.cpu_clock_offset', be64(0x1234)),
  'a register of the CPU': set('cpu.env.eip', be64(0x1234)),
  'an unused field': set('timer.unused', be64(-1n)),
  'fw_cfg’s entry': set('fw_cfg.cur_entry', be16(0x7fff)),
  'apic’s id': set('apic.id', u8(7)),
  'a bool of 2': { releases: ['10.0', '11.1'], ...set(`${pm}.smb.op_done`, u8(2)) },
  'fdc’s data_pos': set('fdc.state.data_pos', be32(0x7fffffff)),
  'fdc’s data_state': set('fdc.state.data_state', u8(255)),
  'CMOS’s time': set('mc146818rtc.cmos_data.hours', u8(0xff)),
  'a byte lost': { mutate: (a) => [drop(at(field(a, 'timer.unused').start, 1))] },
  'a byte too many': { mutate: (a) => [insert(field(a, 'timer.unused').start, hex('00'))] },
  'a byte lost in the CPU': { mutate: (a) => [drop(at(field(a, 'cpu.env.eip').start, 1))] },
  'a byte too many in PCI configuration': {
    mutate: (a) => [insert(field(a, `${pm}.parent_obj.irq_state[0]`).start, hex('00'))],
  },
  'four bytes behind the last field': { mutate: (a) => [insert(full(a, 'port92').footer.start, be32(0))] },
  'serial’s fields': { base: 'q35-devices', ...set('serial.state.divider', be16(0xffff)) },
  'watchdog’s version': {
    base: 'q35-devices',
    mutate: (a) => [put(headerOf(full(a, '0000:00:0a.0/i6300esb_wdt')).version, be32(9999))],
  },
  'i8254 of microvm': { base: 'microvm', mutate: (a) => [insert(full(a, 'i8254').footer.start, hex('00'))] },
});

interface Sub {
  readonly span: { readonly start: number; readonly end: number };
  readonly name: string;
}

/** The subsection with that path's end. */
function sub(a: Anatomy, name: string): Sub {
  for (const device of a.devices) {
    const [node] = findNodes([device], `${deviceLabel(device.device)}.*${name}`).filter(
      (one) => one.kind === 'subsection',
    );
    if (node !== undefined) return { span: node.span, name };
  }
  throw new TypeError(`the capture has no subsection ${name}`);
}

const renamed = (name: string, to: string) => ({
  mutate: (a: Anatomy): Patch[] => [put(at(sub(a, name).span.start + 1, 1 + name.length), counted(to))],
});
const bumped = (name: string, version: number) => ({
  mutate: (a: Anatomy): Patch[] => [put(at(sub(a, name).span.start + 2 + name.length, 4), be32(version))],
});
const removed = (name: string) => ({ mutate: (a: Anatomy): Patch[] => [drop(sub(a, name).span)] });
const added = (idstr: string, name: string, body: Uint8Array, version = 1) => ({
  mutate: (a: Anatomy): Patch[] => [insert(full(a, idstr).footer.start, hex('05'), counted(name), be32(version), body)],
});

const subsections = rowsOf('subsections', 'plain', {
  'dropped: fw_cfg/dma': removed('fw_cfg/dma'),
  'dropped: piix4_pm/memhp': removed('piix4_pm/memhp'),
  'dropped: cpu/poll_control_msr': removed('cpu/poll_control_msr'),
  'dropped: nested in a struct': removed('fdrive/media_rate'),
  'dropped: pckbd/extended_state': { releases: ['7.2', '10.0', '11.1'], ...removed('pckbd/extended_state') },
  'twice: fw_cfg/dma': {
    mutate: (a) => [insert(sub(a, 'fw_cfg/dma').span.end, bytesOf(a, sub(a, 'fw_cfg/dma').span))],
  },
  'renamed: fw_cfg/dma': renamed('fw_cfg/dma', 'fw_cfg/dmb'),
  'renamed: piix4_pm/memhp': renamed('piix4_pm/memhp', 'piix4_pm/memhq'),
  'renamed: nested in a struct': renamed('fdrive/media_rate', 'fdrive/media_rata'),
  'renamed to another device’s': renamed('fw_cfg/dma', 'cpu/dma'),
  'renamed to its owner': renamed('fw_cfg/dma', 'fw_cfg'),
  'version 2: fw_cfg/dma': bumped('fw_cfg/dma', 2),
  'version 0: fw_cfg/acpi_mr': bumped('fw_cfg/acpi_mr', 0),
  'version 257: fw_cfg/dma': bumped('fw_cfg/dma', 256),
  'version 2: cpu/poll_control_msr': bumped('cpu/poll_control_msr', 2),
  'unknown: at cpu': added('cpu', 'cpu/from_the_future', be64(0)),
  'unknown: at timer': added('timer', 'timer/x', hex('00')),
  'unknown: at the last device': added('globalstate', 'globalstate/x', hex('')),
  'unknown: at an old-style device': {
    base: 'q35-devices',
    ...added('0000:00:03.0/virtio-blk', 'virtio-blk/x', hex('')),
  },
  'known, though not needed: cpu/tsc_khz': added('cpu', 'cpu/tsc_khz', be64(0)),
  'known, though not needed: cpu/fpop_ip_dp': added('cpu', 'cpu/fpop_ip_dp', join(be16(0), be64(0), be64(0))),
  'a nested one renamed': { base: 'q35-devices', ...renamed('virtio/64bit_features', 'virtio/65bit_features') },
  'a nested one dropped': { base: 'q35-devices', ...removed('virtio/64bit_features') },
  'apic_sipi dropped': { base: 'q35-devices', ...removed('apic_sipi') },
  'apic_sipi renamed': { base: 'q35-devices', ...renamed('apic_sipi', 'apic_sipo') },
  'microvm: dropped': { base: 'microvm', ...removed('fw_cfg/acpi_mr') },
  'microvm: renamed': { base: 'microvm', ...renamed('fw_cfg/acpi_mr', 'fw_cfg/acpi_mx') },
});

const state = (name: string, size = name.length + 1) => ({
  mutate(a: Anatomy): Patch[] {
    const { start } = full(a, 'globalstate').payload;
    return [put(at(start, 4 + 32), join(be32(size), text(name), new Uint8Array(32 - name.length)))];
  },
});

const globalstate = rowsOf('globalstate', 'plain', {
  running: state('running'),
  paused: state('paused'),
  prelaunch: state('prelaunch'),
  postmigrate: state('postmigrate'),
  'io-error': state('io-error'),
  shutdown: state('shutdown'),
  suspended: state('suspended'),
  watchdog: state('watchdog'),
  'guest-panicked': state('guest-panicked'),
  'internal-error': state('internal-error'),
  'restore-vm': state('restore-vm'),
  'save-vm': state('save-vm'),
  inmigrate: state('inmigrate'),
  'finish-migrate': state('finish-migrate'),
  debug: state('debug'),
  colo: state('colo'),
  unknown: state('walking'),
  empty: state(''),
  'size 0': state('paused', 0),
  'size 2^32-1': state('paused', 0xffffffff),
  'size 101': state('paused', 101),
  'no zero behind the name': {
    mutate: (a) => [put(at(full(a, 'globalstate').payload.start + 4, 100), new Uint8Array(100).fill(0x61))],
  },
  dropped: { mutate: (a) => [drop(full(a, 'globalstate').span)] },
  'of a running guest': { base: 'running' },
});

export const deviceRows: readonly Row[] = [...fields, ...subsections, ...globalstate];
