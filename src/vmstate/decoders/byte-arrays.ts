// Bytes that have a meaning each: rings, registers by index, parameters of a command. A row says what the whole is and
// what one byte of it is; where QEMU's description calls the field a buffer, it becomes an array of bytes, so that one
// can be named and changed. Arrays of bytes without a row here (or a rule elsewhere) count as opaque (coverage.ts).
// QEMU: the devices' own vmstate tables, named at each row.

import { latin1 } from '../../bytes/window.js';
import { bytesOfArray } from './address.js';
import { audioRows } from './audio-buffers.js';
import { filled, numberIn, pieces, ring, type ByteRow, type Sibling } from './byte-rows.js';
import { chipsetRows } from './chipset-registers.js';
import { otherMachineRows } from './other-machines.js';
import type { Decoder, Layout, Meaning, MeaningRule } from './rule.js';
import { vgaRows } from './vga.js';

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

const setupPacket = [
  'bmRequestType',
  'bRequest',
  'wValue, low',
  'wValue, high',
  'wIndex, low',
  'wIndex, high',
  'wLength, low',
  'wLength, high',
];
const sense: readonly string[] = [
  'response code',
  '',
  'sense key',
  'information',
  'information',
  'information',
  'information',
  'additional length',
  '',
  '',
  '',
  '',
  'additional sense code',
  'its qualifier',
  'field replaceable unit',
];

function between(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : (to - from) >>> 0;
}

/** Ethernet's header. */
const frame = (index: number): string | undefined =>
  index < 6
    ? `destination, byte ${index}`
    : index < 12
      ? `source, byte ${index - 6}`
      : index < 14
        ? `type, byte ${index - 12}`
        : undefined;

const rows: readonly ByteRow[] = [
  // hw/input/ps2.c: scan codes and movements on their way to the guest.
  {
    vmsd: 'PS2 Common State',
    field: 'queue.data',
    label: 'queue',
    ...ring((sibling) => ({ first: sibling('queue.rptr'), count: sibling('queue.count') })),
  },
  // hw/block/fdc.c: the command with its parameters, the result, or a sector.
  {
    vmsd: 'fdc',
    field: 'fifo',
    label: 'FIFO',
    ...pieces((sibling) => ({ done: sibling('data_pos'), count: sibling('data_len') })),
  },
  // hw/i2c/pm_smbus.c.
  {
    vmsd: 'pmsmb',
    field: 'smb_data',
    label: 'block data',
    ...pieces((sibling) => ({ done: sibling('smb_index'), count: sibling('smb_data0') })),
  },
  // hw/scsi/scsi-bus.c: SPC's fixed format.
  {
    vmsd: 'SCSIDevice',
    field: 'sense',
    label: 'sense data',
    element: (index, sibling) => (index < (sibling('sense_len') ?? 0) ? sense[index] : 'free'),
  },
  // hw/usb/bus.c: USB 2.0, 9.3.
  { vmsd: 'USBDevice', field: 'setup_buf', label: 'setup packet', element: (index) => setupPacket[index] },
  // hw/acpi/vmgenid.c.
  {
    vmsd: 'vmgenid',
    field: 'vmgenid_addr_le',
    label: 'address',
    text: (bytes) => `0x${Buffer.from(bytes).readBigUInt64LE().toString(16)}`,
    element: (index) => `bits ${index * 8} to ${index * 8 + 7}`,
  },
  // hw/net/rtl8139.c, eepro100.c: station address, multicast hash, the configuration block of the chip.
  ...['phys', 'conf.macaddr'].map((field): ByteRow => ({
    vmsd: 'rtl8139',
    field,
    label: field === 'phys' ? 'station address' : 'MAC',
    text: hex,
  })),
  {
    vmsd: 'rtl8139',
    field: 'mult',
    label: 'multicast hash',
    element: (index) => `hashes ${index * 8} to ${index * 8 + 7}`,
  },
  ...['i82559er', 'i82559c'].flatMap((vmsd): ByteRow[] => [
    { vmsd, field: 'mult', label: 'multicast hash', element: (index) => `hashes ${index * 8} to ${index * 8 + 7}` },
    { vmsd, field: 'conf.macaddr', label: 'MAC', text: hex },
    {
      vmsd,
      field: 'configuration',
      label: 'configuration',
      element: (index) => `byte ${index} of the configure command`,
    },
  ]),
  // hw/net/pcnet.c: the address PROM.
  { vmsd: 'pcnet', field: 'prom', label: 'address PROM', text: hex },
  // hw/scsi/lsi53c895a.c.
  { vmsd: 'lsiscsi', field: 'msg', label: 'messages to the initiator', ...filled((sibling) => sibling('msg_len')) },
  {
    vmsd: 'lsiscsi',
    field: 'scratch',
    label: 'scratch registers',
    element: (index) => `SCRATCH${'ABCDEFGHIJKLMNOPQR'[index >> 2] ?? ''}, byte ${index % 4}`,
  },
  // hw/input/virtio-input.c: the answer to what the driver selected.
  { vmsd: 'virtio-input config', field: 'data', label: 'answer', ...filled((sibling) => sibling('size')) },
  { vmsd: 'virtio-9p config', field: 'tag', label: 'mount tag', text: (all) => latin1(all, 0, all.length) },
  // hw/net/e1000.c, pcnet.c: the packet that descriptors have brought so far.
  { vmsd: 'e1000', field: 'tx.data', label: 'packet to send', ...filled((sibling) => sibling('tx.size'), frame) },
  {
    vmsd: 'e1000',
    field: 'tx.header',
    label: 'headers for each segment',
    ...filled((sibling) => sibling('mig_props.hdr_len'), frame),
  },
  { vmsd: 'pcnet', field: 'buffer', label: 'packet to send', ...filled((sibling) => sibling('xmit_pos'), frame) },
  { vmsd: 'virtio-net-device/rss', field: 'rss_data.key', label: 'hash key', text: hex },
  // hw/char/spapr_vty.c: `in` and `out` count on, the place is what is left by the size.
  {
    vmsd: 'spapr_vty',
    field: 'buf',
    label: 'typed, not read',
    ...ring((sibling) => ({ first: sibling('out'), count: between(sibling('out'), sibling('in')) })),
  },
  // hw/intc/xive.c: the P and Q bits of each interrupt; four rings of 16 registers.
  { vmsd: 'xive-source', field: 'status', label: 'event state', element: (index) => `source ${index}: P and Q bits` },
  {
    vmsd: 'xive-tctx',
    field: 'regs',
    label: 'thread context',
    element: (index) => `${['user', 'OS', 'pool', 'physical'][index >> 4] ?? ''} ring, byte ${index & 15}`,
  },
  // hw/input/hid.c.
  {
    vmsd: 'HIDKeyboardDevice',
    field: 'kbd.key',
    label: 'pressed keys (USB usages)',
    ...filled((sibling) => sibling('kbd.keys')),
  },
  ...vgaRows,
  ...audioRows,
  ...chipsetRows,
  ...otherMachineRows,
];

/** What a guest put there, as it pleased: bytes can be named and changed, but nobody can say what they are. */
const contents: readonly (readonly [string, readonly string[], string])[] = [
  ['lsiscsi', ['script_ram'], 'memory for the guest’s scripts'],
  ['spapr_nvram', ['buf'], 'memory that the guest keeps as it pleases'],
];

const bytes: Layout = ({ bytes: all }) => ({ type: 'uint8', size: 1, count: all.length });

function meaning(row: ByteRow): MeaningRule['meaning'] {
  return (node, index): Meaning | undefined => {
    const array = index === undefined ? node : node.parent;
    if (array === undefined) return undefined;
    const table = array.parent;
    const sibling: Sibling = (name) => (table === undefined ? undefined : numberIn(table, name));
    if (index !== undefined) return { label: row.element?.(index, sibling, array) };
    const all = bytesOfArray(array);
    return all === undefined ? undefined : { label: row.label, text: row.text?.(all, sibling, array) };
  };
}

export const byteArrays: Decoder = {
  layouts: [
    ...rows.map(({ vmsd, field }) => ({ vmsd, field, layout: bytes })),
    ...contents.flatMap(([vmsd, fields, reason]) =>
      fields.map((field) => ({
        vmsd,
        field,
        layout: ({ bytes: all }: { bytes: Uint8Array }) => ({
          type: 'uint8',
          size: 1,
          count: all.length,
          opaque: reason,
        }),
      })),
    ),
  ],
  meanings: rows.map((row) => ({ vmsd: row.vmsd, field: row.field, meaning: meaning(row) })),
};
