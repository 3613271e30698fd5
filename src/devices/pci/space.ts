// PCI configuration space: its sizes, the registers of its header by header type, and how registers are written down:
// name, width and the bits that software writes in one row. Whatever software does not write is the device's word:
// identity, sizes, layout. Status bits that software clears by writing ones count as written. All registers are
// little-endian on every host. From the PCI standard; QEMU: pci_init_wmask(), pci_init_w1cmask(), hw/pci/pci.c.

import type { FieldSchema } from '../../vmstate/index.js';
import { array, le16, le24, le32, sizeOf, u8, unused } from '../rule.js';

/** The end of the header; device registers and capabilities follow. */
export const HEADER_SIZE = 0x40;
/** The end of conventional configuration space. */
export const CONVENTIONAL_SIZE = 0x100;
/** All of it, with PCI Express. */
export const EXPRESS_SIZE = 0x1000;

/** Is it as long as a configuration space? */
export function isConfigSize(size: number): boolean {
  return size === CONVENTIONAL_SIZE || size === EXPRESS_SIZE;
}

/** Offset in the header or the capability, bytes, bits that software writes. */
export type Register = readonly [offset: number, size: number, mask: number];

/** A register that software never writes, or a register with the bits that software writes (of each element). */
export type Row = FieldSchema | readonly [field: FieldSchema, software: number | readonly number[]];

export interface Registers {
  readonly fields: readonly FieldSchema[];
  readonly software: readonly Register[];
  /** Bytes. */
  readonly size: number;
}

export const ALL = 0xffff_ffff;

export function registers(rows: readonly Row[]): Registers {
  const fields: FieldSchema[] = [];
  const software: Register[] = [];
  let at = 0;
  for (const row of rows) {
    const [field, written] = 'name' in row ? [row, []] : row;
    const width = field.size!;
    for (let i = 0; i < (field.count ?? 1); i += 1) {
      const mask = typeof written === 'number' ? written : (written[i] ?? 0);
      if (mask !== 0) software.push([at + i * width, width, mask]);
    }
    fields.push(field);
    at += sizeOf([field]);
  }
  return { fields, software, size: at };
}

const identity: readonly Row[] = [
  le16('vendor_id'),
  le16('device_id'),
  [le16('command'), 0xffff],
  [le16('status'), 0xf908],
  u8('revision'),
  le24('class'),
  [u8('cache_line_size'), 0xff],
  [u8('latency_timer'), 0xff],
  u8('header_type'),
  [u8('bist'), 0x40],
];

/** The headers of devices (0) and bridges (1). Base addresses have their own rules (bars.ts). */
export const headers: readonly Registers[] = [
  registers([
    ...identity,
    array('bar', 'le32', 4, 6),
    le32('cardbus_cis'),
    le16('subsystem_vendor_id'),
    le16('subsystem_id'),
    le32('rom_address'),
    u8('capability_pointer'),
    unused('reserved', 7),
    [u8('interrupt_line'), 0xff],
    u8('interrupt_pin'),
    u8('min_gnt'),
    u8('max_lat'),
  ]),
  registers([
    ...identity,
    array('bar', 'le32', 4, 2),
    [u8('primary_bus'), 0xff],
    [u8('secondary_bus'), 0xff],
    [u8('subordinate_bus'), 0xff],
    [u8('secondary_latency_timer'), 0xff],
    [u8('io_base'), 0xf0],
    [u8('io_limit'), 0xf0],
    [le16('secondary_status'), 0xf900],
    [le16('memory_base'), 0xfff0],
    [le16('memory_limit'), 0xfff0],
    [le16('prefetchable_base'), 0xfff0],
    [le16('prefetchable_limit'), 0xfff0],
    [le32('prefetchable_base_upper'), ALL],
    [le32('prefetchable_limit_upper'), ALL],
    [le16('io_base_upper'), 0xffff],
    [le16('io_limit_upper'), 0xffff],
    u8('capability_pointer'),
    unused('reserved', 3),
    le32('rom_address'),
    [u8('interrupt_line'), 0xff],
    u8('interrupt_pin'),
    [le16('bridge_control'), 0x0fff],
  ]),
];

/** 0: a device, 1: a bridge; others have no table in `headers`. */
export function headerType(space: Uint8Array): number {
  return space[0x0e]! & 0x7f;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
