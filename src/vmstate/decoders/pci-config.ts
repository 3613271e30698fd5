// PCI configuration space (`pci config`): the header of the PCI standard, the capability lists, and between them the
// device's own registers (pci-registers.ts). All of it is little-endian, on every host. Also `pci irq state` and `msix
// state`, `shpc`. QEMU: put_pci_config_device(), hw/pci/pci.c; msix_save(), hw/pci/msix.c.

import type { FieldSchema, VmsdSchema } from '../schema.js';
import { capabilityFields, extendedFields } from './pci-capabilities.js';
import { pciMeanings } from './pci-names.js';
import { registerFields } from './pci-registers.js';
import { array, field, structs, table, unused, type Decoder, type Layout } from './rule.js';

const HEADER_SIZE = 0x40;
/** The end of conventional configuration space; a PCIe device has 4096 bytes. */
const CONVENTIONAL = 0x100;
const STATUS_CAPABILITIES = 0x10;

const identity: readonly FieldSchema[] = [
  field('vendor_id', 'le16', 2),
  field('device_id', 'le16', 2),
  field('command', 'le16', 2),
  field('status', 'le16', 2),
  field('revision', 'uint8', 1),
  field('class', 'le24', 3),
  field('cache_line_size', 'uint8', 1),
  field('latency_timer', 'uint8', 1),
  field('header_type', 'uint8', 1),
  field('bist', 'uint8', 1),
];

const endpoint: readonly FieldSchema[] = [
  ...identity,
  array('bar', 'le32', 4, 6),
  field('cardbus_cis', 'le32', 4),
  field('subsystem_vendor_id', 'le16', 2),
  field('subsystem_id', 'le16', 2),
  field('rom_address', 'le32', 4),
  field('capability_pointer', 'uint8', 1),
  unused('reserved', 7),
  field('interrupt_line', 'uint8', 1),
  field('interrupt_pin', 'uint8', 1),
  field('min_gnt', 'uint8', 1),
  field('max_lat', 'uint8', 1),
];

const bridge: readonly FieldSchema[] = [
  ...identity,
  array('bar', 'le32', 4, 2),
  field('primary_bus', 'uint8', 1),
  field('secondary_bus', 'uint8', 1),
  field('subordinate_bus', 'uint8', 1),
  field('secondary_latency_timer', 'uint8', 1),
  field('io_base', 'uint8', 1),
  field('io_limit', 'uint8', 1),
  field('secondary_status', 'le16', 2),
  field('memory_base', 'le16', 2),
  field('memory_limit', 'le16', 2),
  field('prefetchable_base', 'le16', 2),
  field('prefetchable_limit', 'le16', 2),
  field('prefetchable_base_upper', 'le32', 4),
  field('prefetchable_limit_upper', 'le32', 4),
  field('io_base_upper', 'le16', 2),
  field('io_limit_upper', 'le16', 2),
  field('capability_pointer', 'uint8', 1),
  unused('reserved', 3),
  field('rom_address', 'le32', 4),
  field('interrupt_line', 'uint8', 1),
  field('interrupt_pin', 'uint8', 1),
  field('bridge_control', 'le16', 2),
];

/** Where a capability stands and what it is made of. */
interface Piece {
  readonly at: number;
  readonly field: FieldSchema;
}

const config: Layout = ({ bytes, view }) => {
  if (bytes.length !== CONVENTIONAL && bytes.length !== 0x1000) return undefined;
  const type = view.getUint8(0x0e) & 0x7f;
  if (type > 1) return undefined;
  const pieces = [...capabilities(view), ...extendedCapabilities(view)].sort((x, y) => x.at - y.at);
  const vendor = view.getUint16(0, true);
  const device = view.getUint16(2, true);
  const key = `${vendor} ${device} ${type} ${bytes.length} ${pieces.map(({ at, field }) => `${at} ${field.name} ${field.size}`).join()}`;
  const known =
    layouts.get(key) ?? divide(type, bytes.length, pieces, (from, to) => registerFields(vendor, device, from, to));
  if (layouts.size >= MAX_LAYOUTS) layouts.clear();
  layouts.set(key, known);
  return known;
};

/** Devices of one kind share their layout, within a stream and between streams. */
const layouts = new Map<string, VmsdSchema>();
const MAX_LAYOUTS = 256;

function divide(
  type: number,
  end: number,
  pieces: readonly Piece[],
  registers: (from: number, to: number) => FieldSchema[],
): VmsdSchema {
  const fields: FieldSchema[] = [...(type === 0 ? endpoint : bridge)];
  let at = HEADER_SIZE;
  for (const piece of pieces) {
    // Overlapping capabilities: the first has the bytes.
    if (piece.at < at || piece.at + piece.field.size! > end) continue;
    fields.push(...registers(at, piece.at), piece.field);
    at = piece.at + piece.field.size!;
  }
  fields.push(...registers(at, end));
  return table(type === 0 ? 'pci header' : 'pci bridge header', fields);
}

function capabilities(view: DataView): Piece[] {
  const pieces: Piece[] = [];
  if ((view.getUint16(0x06, true) & STATUS_CAPABILITIES) === 0) return pieces;
  const seen = new Set<number>();
  for (
    let at = view.getUint8(0x34) & 0xfc;
    at >= HEADER_SIZE && at < CONVENTIONAL - 2 && !seen.has(at);
    at = view.getUint8(at + 1) & 0xfc
  ) {
    seen.add(at);
    pieces.push({ at, field: named(capabilityFields(view, at), pieces) });
  }
  return pieces;
}

function extendedCapabilities(view: DataView): Piece[] {
  const heads: { readonly at: number; readonly id: number }[] = [];
  const seen = new Set<number>();
  for (let at = CONVENTIONAL; at >= CONVENTIONAL && at + 4 <= view.byteLength && !seen.has(at);) {
    seen.add(at);
    const header = view.getUint32(at, true);
    if (header === 0) break;
    heads.push({ at, id: header & 0xffff });
    at = (header >>> 20) & 0xffc;
  }
  const starts = [...seen].sort((x, y) => x - y);
  const next = new Map(starts.map((at, index) => [at, starts[index + 1] ?? view.byteLength]));
  const pieces: Piece[] = [];
  for (const { at, id } of heads) pieces.push({ at, field: named(extendedFields(id, next.get(at)! - at), pieces) });
  return pieces;
}

/** Several capabilities of one kind: `vendor`, `vendor_2`. */
function named(one: FieldSchema, before: readonly Piece[]): FieldSchema {
  const times = before.filter(
    (piece) => piece.field.name === one.name || piece.field.name.startsWith(`${one.name}_2`),
  ).length;
  return times === 0 ? one : { ...one, name: `${one.name}_${times + 1}` };
}

const vector = table('msix vector', [
  field('address', 'le64', 8),
  field('data', 'le32', 4),
  field('control', 'le32', 4),
]);

/** The table, then a bit per vector. */
const msix: Layout = ({ bytes }) => {
  const vectors = Math.floor((bytes.length * 8) / 129);
  const pending = Math.ceil(vectors / 8);
  if (vectors === 0 || vectors * 16 + pending !== bytes.length) return undefined;
  return table('msix state', [structs('table', vector, 16, vectors), array('pending', 'uint8', 1, pending)]);
};

const shpcHead: readonly FieldSchema[] = [
  field('base_offset', 'le32', 4),
  field('slots_33', 'le32', 4),
  field('slots_66', 'le32', 4),
  field('nslots', 'uint8', 1),
  field('first_dev', 'uint8', 1),
  field('phys_slot', 'le16', 2),
  field('sec_bus', 'le16', 2),
  field('msi_ctl', 'uint8', 1),
  field('prog_ifc', 'uint8', 1),
  field('cmd_code', 'uint8', 1),
  field('cmd_trgt', 'uint8', 1),
  field('cmd_status', 'le16', 2),
  field('int_locator', 'le32', 4),
  field('serr_locator', 'le32', 4),
  field('serr_int', 'le32', 4),
];
const SHPC_HEAD = 0x24;

/** The working registers of the hot-plug controller: a word for each slot behind them. QEMU: shpc_save(), hw/pci/shpc.c. */
const shpc: Layout = ({ bytes, view }) => {
  const slots = (bytes.length - SHPC_HEAD) / 4;
  if ((view.getUint8(0x0c) & 0x1f) !== slots) return undefined;
  return table('shpc', [...shpcHead, ...(slots === 0 ? [] : [array('slot', 'le32', 4, slots)])]);
};

/** PCI: configuration space, MSI-X tables, interrupt levels, hot-plug. */
export const pciConfig: Decoder = {
  layouts: [
    { type: 'pci config', layout: config },
    { type: 'msix state', layout: msix },
    { type: 'shpc', layout: shpc },
    {
      type: 'pci irq state',
      layout: ({ bytes }) => (bytes.length === 16 ? { type: 'int32', size: 4, count: 4 } : undefined),
    },
  ],
  meanings: pciMeanings,
};
