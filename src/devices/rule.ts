// The words in which devices are written down: what a folder of devices/ exports, and the entries of its tables.
// docs/adding-a-device.md says how to add one. Rules are found by names that QEMU writes.

import {
  plainField as field,
  vmsdSize,
  type FieldNode,
  type FieldSchema,
  type Layout,
  type VmsdSchema,
} from '../vmstate/index.js';

export type { Layout };

/**
 * Found by QEMU's name of the field's type, by the table's and the field's names, or by the idstr of a hand-written
 * device.
 */
export type LayoutRule =
  | { readonly type: string; readonly layout: Layout }
  | { readonly oldStyle: string; readonly layout: Layout }
  | { readonly vmsd: string; readonly field: string; readonly layout: Layout };

/** What people call a field and its value. */
export interface Meaning {
  /** A short name, e.g. `rax`, `BAR0`. */
  readonly label?: string | undefined;
  /** The value in words, e.g. `running`, `52:54:00:12:34:56`, `VIRTIO_NET_F_MAC …`. */
  readonly text?: string | undefined;
}

/** For the field of that name in that table, and for each element of an array, with the element's index. */
export interface MeaningRule {
  readonly vmsd: string;
  readonly field: string;
  readonly meaning: (node: FieldNode, index: number | undefined) => Meaning | undefined;
}

/** What an array of pointers points to, for descriptions that do not say (vmstate/null-arrays.ts). */
export interface PointedRule {
  readonly vmsd: string;
  readonly field: string;
  readonly table: VmsdSchema;
}

/** A number that stands beside the array, by its step; undefined when there is none. */
export type Sibling = (name: string) => number | undefined;

export interface ByteRow {
  /** The table and the field, as QEMU names them. */
  readonly vmsd: string;
  readonly field: string;
  /** What the whole is. */
  readonly label: string;
  /** What is in it, in words. */
  readonly text?: (bytes: Uint8Array, sibling: Sibling, array: FieldNode) => string | undefined;
  /** What one byte is. */
  readonly element?: (index: number, sibling: Sibling, array: FieldNode) => string | undefined;
}

/** Bytes that a guest fills as it pleases: they can be named and changed, and stay opaque for `reason`. */
export interface ContentRow {
  readonly vmsd: string;
  readonly field: string;
  readonly reason: string;
}

/** The rules of one thing. */
export interface Decoder {
  readonly pointed?: readonly PointedRule[];
  readonly layouts?: readonly LayoutRule[];
  readonly meanings?: readonly MeaningRule[];
  readonly bytes?: readonly ByteRow[];
  readonly contents?: readonly ContentRow[];
}

/** A value of one of QEMU's own types, or text. */
export { field };

const value =
  (type: string, size: number) =>
  (name: string): FieldSchema =>
    field(name, type, size);

export const u8 = value('uint8', 1);
export const u16 = value('uint16', 2);
export const u32 = value('uint32', 4);
export const u64 = value('uint64', 8);
export const bool = value('bool', 1);
export const le16 = value('le16', 2);
export const le24 = value('le24', 3);
export const le32 = value('le32', 4);
export const le64 = value('le64', 8);

/** `count` values. */
export function array(name: string, type: string, size: number, count: number): FieldSchema {
  return { ...field(name, type, size), count };
}

/** `count` tables of `size` bytes each. */
export function structs(name: string, inner: VmsdSchema, size: number, count: number): FieldSchema {
  return { ...field(name, 'struct', size), count, struct: inner };
}

/** One table of `size` bytes. */
export function struct(name: string, inner: VmsdSchema, size: number): FieldSchema {
  return { ...field(name, 'struct', size), struct: inner };
}

/** One table of known size. */
export function inner(name: string, table: VmsdSchema): FieldSchema {
  return struct(name, table, vmsdSize(table)!);
}

/** Bytes that stay opaque, and why. */
export function opaque(name: string, size: number, reason: string): FieldSchema {
  return { ...field(name, 'buffer', size), opaque: reason };
}

/** `count` values of known width and unknown meaning. */
export function numberedOpaque(name: string, type: string, size: number, count: number, reason: string): FieldSchema {
  return { ...array(name, type, size, count), opaque: reason };
}

/** Values that are 0 by the standard that lays them out: 0 is understood, anything else is opaque. */
export function numberedReserved(name: string, type: string, size: number, count: number, reason: string): FieldSchema {
  return { ...array(name, type, size, count), reserved: reason };
}

/** Bytes without meaning: every reader ignores them. */
export function unused(name: string, size: number): FieldSchema {
  return field(name, 'unused_buffer', size);
}

/** A table, or a subsection with its version on the wire. */
export function table(
  name: string,
  fields: readonly FieldSchema[],
  subsections: readonly VmsdSchema[] = [],
  version = 1,
): VmsdSchema {
  return { name, version, fields, subsections };
}

/** Bytes of all fields of a list of known sizes. */
export function sizeOf(fields: readonly FieldSchema[]): number {
  return fields.reduce((sum, { size, count }) => sum + size! * (count ?? 1), 0);
}

/** Values of that type, where there is exactly room for them. */
export function retyped(type: string, size: number, count?: number): Layout {
  return ({ bytes }) => (bytes.length === size * (count ?? 1) ? { type, size, count } : undefined);
}
