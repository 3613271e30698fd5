// The capabilities of PCI configuration space: what stands behind each id, in the standard's order. Those with tables
// of their own are divided, of others the head is known and the rest stays the device's registers. Names do not hold
// offsets, so that a capability that moved keeps its paths. QEMU: hw/pci/{pci,msi,msix,pcie,pcie_aer}.c,
// hw/virtio/virtio-pci.c.

import type { FieldSchema } from '../schema.js';
import { array, field, numberedOpaque, struct, table, unused } from './rule.js';

const RED_HAT = 0x1af4;

const u8 = (name: string): FieldSchema => field(name, 'uint8', 1);
const le16 = (name: string): FieldSchema => field(name, 'le16', 2);
const le32 = (name: string): FieldSchema => field(name, 'le32', 4);

function make(name: string, fields: readonly FieldSchema[]): FieldSchema {
  const all = [u8('id'), u8('next'), ...fields];
  return struct(name, table(`pci ${name}`, all), size(all));
}

function size(fields: readonly FieldSchema[]): number {
  return fields.reduce((sum, one) => sum + one.size! * (one.count ?? 1), 0);
}

const pm = make('pm', [le16('capabilities'), le16('control'), u8('bridge'), u8('data')]);
const msix = make('msix', [le16('control'), le32('table'), le32('pba')]);
const bridgeId = make('bridge_id', [unused('reserved', 2), le16('subsystem_vendor_id'), le16('subsystem_id')]);
const slotId = make('slot_id', [u8('expansion'), u8('chassis')]);
const hotplug = make('shpc', [u8('select'), u8('pending'), le32('data')]);
const sata = make('sata', [le16('revision'), le32('location')]);
const features = make('advanced_features', [u8('length'), u8('capabilities'), u8('control'), u8('status')]);

const expressV1 = [
  le16('capabilities'),
  le32('device_capabilities'),
  le16('device_control'),
  le16('device_status'),
  le32('link_capabilities'),
  le16('link_control'),
  le16('link_status'),
];
const expressSlots = [
  le32('slot_capabilities'),
  le16('slot_control'),
  le16('slot_status'),
  le16('root_control'),
  le16('root_capabilities'),
  le32('root_status'),
];
const expressV2 = [
  le32('device_capabilities_2'),
  le16('device_control_2'),
  le16('device_status_2'),
  le32('link_capabilities_2'),
  le16('link_control_2'),
  le16('link_status_2'),
  le32('slot_capabilities_2'),
  le16('slot_control_2'),
  le16('slot_status_2'),
];

const express = { v1: make('express', expressV1), v2: make('express', [...expressV1, ...expressSlots, ...expressV2]) };

/** By the two bits of the control word that add to it: 64-bit address, masks. */
const msi = [0, 1, 2, 3].map((bits) =>
  make('msi', [
    le16('control'),
    le32('address'),
    ...((bits & 1) === 0 ? [] : [le32('address_upper')]),
    le16('data'),
    ...((bits & 2) === 0 ? [] : [unused('reserved', 2), le32('mask'), le32('pending')]),
  ]),
);

const virtioKinds = [
  '',
  'virtio_common',
  'virtio_notify',
  'virtio_isr',
  'virtio_device',
  'virtio_pci',
  '',
  '',
  'virtio_shared_memory',
  'virtio_vendor',
];

/** Vendor-specific: virtio says where in which BAR each of its structures is. */
function vendor(view: DataView, at: number): FieldSchema {
  const length = Math.max(3, view.getUint8(at + 2));
  const kind = view.getUint16(0, true) === RED_HAT && length >= 16 ? virtioKinds[view.getUint8(at + 3)] : undefined;
  const key = `${kind ?? ''} ${length}`;
  const known = vendors.get(key) ?? vendorOf(kind ?? '', length);
  vendors.set(key, known);
  return known;
}

/** At most one for every length and kind. */
const vendors = new Map<string, FieldSchema>();

function vendorOf(kind: string, length: number): FieldSchema {
  if (kind === '') return make('vendor', [u8('length'), ...rest(length - 3)]);
  const head = [u8('length'), u8('type'), u8('bar'), u8('number'), unused('padding', 2), le32('offset'), le32('size')];
  if (kind === 'virtio_notify' && length === 20) return make(kind, [...head, le32('multiplier')]);
  if (kind === 'virtio_pci' && length === 20) return make(kind, [...head, le32('data')]);
  if (kind === 'virtio_shared_memory' && length === 24)
    return make(kind, [...head, le32('offset_upper'), le32('size_upper')]);
  return make(kind, [...head, ...rest(length - 16)]);
}

function rest(length: number): FieldSchema[] {
  return length > 0 ? [numberedOpaque('data', 'uint8', 1, length, 'a vendor capability')] : [];
}

/** The capability at `at`. Throws RangeError when it runs past the end. */
export function capabilityFields(view: DataView, at: number): FieldSchema {
  const id = view.getUint8(at);
  switch (id) {
    case 0x01:
      return pm;
    case 0x04:
      return slotId;
    case 0x05:
      return msi[(view.getUint16(at + 2, true) >> 7) & 3]!;
    case 0x09:
      return vendor(view, at);
    case 0x0c:
      return hotplug;
    case 0x0d:
      return bridgeId;
    case 0x10:
      return (view.getUint16(at + 2, true) & 0xf) >= 2 ? express.v2 : express.v1;
    case 0x11:
      return msix;
    case 0x12:
      return sata;
    case 0x13:
      return features;
    default:
      return make(`capability_${id.toString(16).padStart(2, '0')}`, []);
  }
}

function extended(name: string, fields: readonly FieldSchema[]): FieldSchema {
  const all = [le32('header'), ...fields];
  return struct(name, table(`pci ${name}`, all), size(all));
}

const errors = [
  le32('uncorrectable_status'),
  le32('uncorrectable_mask'),
  le32('uncorrectable_severity'),
  le32('correctable_status'),
  le32('correctable_mask'),
  le32('control'),
  array('header_log', 'le32', 4, 4),
  le32('root_command'),
  le32('root_status'),
  le32('error_source'),
];
/** With the log of TLP prefixes, where there is room for it. */
const aer = { long: extended('aer', [...errors, array('prefix_log', 'le32', 4, 4)]), short: extended('aer', errors) };

const extendedKinds: Readonly<Record<number, FieldSchema>> = {
  0x03: extended('serial_number', [field('number', 'le64', 8)]),
  0x0d: extended('acs', [le16('capabilities'), le16('control')]),
  0x0e: extended('ari', [le16('capabilities'), le16('control')]),
  0x0f: extended('ats', [le16('capabilities'), le16('control')]),
  0x13: extended('pri', [le16('control'), le16('status'), le32('capacity'), le32('allocation')]),
  0x1b: extended('pasid', [le16('capabilities'), le16('control')]),
  0x10: extended('sriov', [
    le32('capabilities'),
    le16('control'),
    le16('status'),
    le16('initial_vfs'),
    le16('total_vfs'),
    le16('num_vfs'),
    u8('function_dependency'),
    unused('reserved', 1),
    le16('first_vf_offset'),
    le16('vf_stride'),
    unused('reserved_2', 2),
    le16('vf_device_id'),
    le32('supported_page_sizes'),
    le32('system_page_size'),
    array('vf_bar', 'le32', 4, 6),
    le32('migration_state'),
  ]),
};

/** The extended capability of that id; `room` bytes are left before the next one. */
export function extendedFields(id: number, room: number): FieldSchema {
  if (id === 0x01) return room < aer.long.size! ? aer.short : aer.long;
  return extendedKinds[id] ?? extended(`extended_${id.toString(16).padStart(4, '0')}`, []);
}
