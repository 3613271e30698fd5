// The capabilities of PCI configuration space: which registers stand behind each id, in the standard's order and as
// long as QEMU makes them. Of an unknown capability the head is known. Names hold no offsets, so that a capability that
// moved keeps its paths. QEMU: hw/pci/{pci,msi,msix,pcie,pcie_aer,shpc,slotid_cap,pci_bridge}.c,
// hw/virtio/virtio-pci.c.

import { struct, table, array, le16, le32, le64, numberedOpaque, u8, unused } from '../rule.js';
import type { FieldSchema } from '../../vmstate/index.js';
import { ALL, registers, type Register, type Row } from './space.js';

/** A kind of capability. */
export interface CapabilityKind {
  /** All of it, with its head, as one entry. */
  readonly field: FieldSchema;
  /** By offset in the capability. */
  readonly software: readonly Register[];
}

export const capabilityId = { pm: 0x01, msi: 0x05, vendor: 0x09, express: 0x10, msix: 0x11 } as const;

const RED_HAT = 0x1af4;

function kind(name: string, head: readonly Row[], rows: readonly Row[]): CapabilityKind {
  const { fields, software, size } = registers([...head, ...rows]);
  return { field: struct(name, table(`pci ${name}`, fields), size), software };
}

const make = (name: string, rows: readonly Row[]): CapabilityKind => kind(name, [u8('id'), u8('next')], rows);

const expressV1: readonly Row[] = [
  le16('capabilities'),
  le32('device_capabilities'),
  [le16('device_control'), 0x7fff],
  [le16('device_status'), 0x000f],
  le32('link_capabilities'),
  [le16('link_control'), 0x0ffb],
  [le16('link_status'), 0xc000],
];
const expressV2: readonly Row[] = [
  ...expressV1,
  le32('slot_capabilities'),
  [le16('slot_control'), 0x1fff],
  [le16('slot_status'), 0x011f],
  [le16('root_control'), 0x001f],
  le16('root_capabilities'),
  [le32('root_status'), 0x0001_0000],
  le32('device_capabilities_2'),
  [le16('device_control_2'), 0xffff],
  le16('device_status_2'),
  le32('link_capabilities_2'),
  [le16('link_control_2'), 0x1fff],
  le16('link_status_2'),
  le32('slot_capabilities_2'),
  [le16('slot_control_2'), 0xffff],
  le16('slot_status_2'),
];
const express = { v1: make('express', expressV1), v2: make('express', expressV2) };

/** By the two bits of the control word that add registers: 64-bit address, masks. */
const msi = [0, 1, 2, 3].map((bits) =>
  make('msi', [
    [le16('control'), 0x0071],
    [le32('address'), ALL],
    ...((bits & 1) === 0 ? [] : [[le32('address_upper'), ALL] as const]),
    [le16('data'), 0xffff],
    ...((bits & 2) === 0 ? [] : [unused('reserved', 2), [le32('mask'), ALL] as const, [le32('pending'), ALL] as const]),
  ]),
);

/** Capabilities that look the same on every device, by id. */
const plain: Readonly<Record<number, CapabilityKind>> = {
  // Power state, PME.
  0x01: make('pm', [le16('capabilities'), [le16('control'), 0x9f03], u8('bridge'), u8('data')]),
  // The chassis number is non-volatile.
  0x04: make('slot_id', [u8('expansion'), [u8('chassis'), 0xff]]),
  // The hot-plug controller (SHPC).
  0x0c: make('shpc', [[u8('select'), 0xff], u8('pending'), [le32('data'), ALL]]),
  0x0d: make('bridge_id', [unused('reserved', 2), le16('subsystem_vendor_id'), le16('subsystem_id')]),
  // Enable, mask all.
  0x11: make('msix', [[le16('control'), 0xc000], le32('table'), le32('pba')]),
  0x12: make('sata', [le16('revision'), le32('location')]),
  // Function level reset.
  0x13: make('advanced_features', [u8('length'), u8('capabilities'), [u8('control'), 0xff], [u8('status'), 0xff]]),
};

/** virtio's structures by the type byte. QEMU: VIRTIO_PCI_CAP_*, virtio_pci.h. */
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
function vendor(view: DataView, at: number): CapabilityKind {
  const length = Math.max(3, view.getUint8(at + 2));
  const name = view.getUint16(0, true) === RED_HAT && length >= 16 ? virtioKinds[view.getUint8(at + 3)] : undefined;
  const key = `${name ?? ''} ${length}`;
  const known = vendors.get(key) ?? vendorOf(name ?? '', length);
  vendors.set(key, known);
  return known;
}

/** At most one for every length and kind. */
const vendors = new Map<string, CapabilityKind>();

function vendorOf(name: string, length: number): CapabilityKind {
  if (name === '') return make('vendor', [u8('length'), ...rest(length - 3)]);
  // A window into the BARs through configuration space: software writes where it looks, and the data.
  const window = name === 'virtio_pci' && length === 20;
  const written = (field: FieldSchema, mask: number): Row => (window ? [field, mask] : field);
  const head: Row[] = [u8('length'), u8('type'), written(u8('bar'), 0xff), u8('number'), unused('padding', 2)];
  const place = [written(le32('offset'), ALL), written(le32('size'), ALL)];
  if (window) return make(name, [...head, ...place, [le32('data'), ALL]]);
  if (name === 'virtio_notify' && length === 20) return make(name, [...head, ...place, le32('multiplier')]);
  if (name === 'virtio_shared_memory' && length === 24)
    return make(name, [...head, ...place, le32('offset_upper'), le32('size_upper')]);
  return make(name, [...head, ...place, ...rest(length - 16)]);
}

function rest(length: number): FieldSchema[] {
  return length > 0 ? [numberedOpaque('data', 'uint8', 1, length, 'a vendor capability')] : [];
}

/** The capability at `at` of a configuration space. */
export function capabilityKind(view: DataView, at: number): CapabilityKind {
  const id = view.getUint8(at);
  const control = view.getUint16(at + 2, true);
  switch (id) {
    case capabilityId.msi:
      return msi[(control >> 7) & 3]!;
    case capabilityId.vendor:
      return vendor(view, at);
    case capabilityId.express:
      return (control & 0xf) >= 2 ? express.v2 : express.v1;
    default:
      return plain[id] ?? make(`capability_${id.toString(16).padStart(2, '0')}`, []);
  }
}

/** What else than the id tells capabilities apart: virtio's kinds, and the layout of MSI's registers. */
export function capabilityVariant(view: DataView, at: number): string {
  const id = view.getUint8(at);
  if (id === capabilityId.vendor && view.getUint16(0, true) === RED_HAT) return `/${view.getUint8(at + 3)}`;
  return id === capabilityId.msi ? `/${view.getUint16(at + 2, true) & 0x180}` : '';
}

const extended = (name: string, rows: readonly Row[]): CapabilityKind => kind(name, [le32('header')], rows);

/**
 * Errors that every device with the capability reports. Of internal errors (bit 22) and later bits the device decides.
 */
const UNCORRECTABLE = 0x003f_f030;
const CORRECTABLE = 0xf1c1;
const errors: readonly Row[] = [
  [le32('uncorrectable_status'), UNCORRECTABLE],
  [le32('uncorrectable_mask'), UNCORRECTABLE],
  [le32('uncorrectable_severity'), UNCORRECTABLE],
  [le32('correctable_status'), CORRECTABLE],
  [le32('correctable_mask'), CORRECTABLE],
  [le32('control'), 0x055f],
  [array('header_log', 'le32', 4, 4), ALL],
  [le32('root_command'), 0x0000_0007],
  [le32('root_status'), 0x0000_007f],
  [le32('error_source'), ALL],
];
/**
 * QEMU: PCI_ERR_SIZEOF, 0x48, the log of TLP prefixes included. e1000e puts its serial number over that log and so has
 * none.
 */
const aer = {
  long: extended('aer', [...errors, [array('prefix_log', 'le32', 4, 4), ALL]]),
  short: extended('aer', errors),
};

const extendedKinds: Readonly<Record<number, CapabilityKind>> = {
  0x03: extended('serial_number', [le64('number')]),
  0x0d: extended('acs', [le16('capabilities'), [le16('control'), 0xffff]]),
  0x0e: extended('ari', [le16('capabilities'), [le16('control'), 0xffff]]),
  0x0f: extended('ats', [le16('capabilities'), [le16('control'), 0x801f]]),
  0x10: extended('sriov', [
    le32('capabilities'),
    [le16('control'), 0xffff],
    [le16('status'), 0xffff],
    le16('initial_vfs'),
    le16('total_vfs'),
    [le16('num_vfs'), 0xffff],
    u8('function_dependency'),
    unused('reserved', 1),
    le16('first_vf_offset'),
    le16('vf_stride'),
    unused('reserved_2', 2),
    le16('vf_device_id'),
    le32('supported_page_sizes'),
    [le32('system_page_size'), ALL],
    // Three addresses of 64 bits.
    [array('vf_bar', 'le32', 4, 6), [0xffff_fff0, ALL, 0xffff_fff0, ALL, 0xffff_fff0, ALL]],
    le32('migration_state'),
  ]),
  0x13: extended('pri', [
    [le16('control'), 0xffff],
    [le16('status'), 0x0103],
    le32('capacity'),
    [le32('allocation'), ALL],
  ]),
  0x1b: extended('pasid', [le16('capabilities'), [le16('control'), 0xffff]]),
};

/** The extended capability of that id; `room` bytes are left before the next one. */
export function extendedKind(id: number, room: number): CapabilityKind {
  if (id === 0x01) return room < aer.long.field.size! ? aer.short : aer.long;
  return extendedKinds[id] ?? extended(`extended_${id.toString(16).padStart(4, '0')}`, []);
}
