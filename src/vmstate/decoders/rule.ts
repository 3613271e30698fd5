// What a decoder is: a file of rules that divide bytes which the description leaves opaque, or say what a field means.
// To add one: write a file beside this and list it in table.ts (docs/adding-a-decoder.md). Rules are found by names
// that QEMU writes, and only ever read.

import type { FieldNode } from '../node.js';
import { plainField as field, type FieldSchema, type VmsdSchema } from '../schema.js';

/** Where the bytes to divide come from. */
export interface LayoutContext {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** idstr of the device. */
  readonly device: string;
  /** Name of the table that the field stands in. */
  readonly vmsd: string;
  readonly field: string;
}

/** Elements of one type: the field becomes an array (or a scalar, when `count` is undefined). */
export interface Retyped {
  readonly type: string;
  /** Bytes of an element. */
  readonly size: number;
  readonly count: number | undefined;
  /** The elements can be named and changed, but what is in them is not understood, and why. */
  readonly opaque?: string;
}

/**
 * The inside of a field. Its sizes must add up to exactly `bytes.length`, else the field stays opaque. Undefined: these
 * bytes do not look like it. Reading past their end (RangeError) means the same.
 */
export type Layout = (context: LayoutContext) => VmsdSchema | Retyped | undefined;

/** By `type` (QEMU's name of the field's type), by the table's and the field's names, or by the idstr of a hand-written device. */
export type LayoutRule =
  | { readonly type: string; readonly layout: Layout }
  | { readonly oldStyle: string; readonly layout: Layout }
  | { readonly vmsd: string; readonly field: string; readonly layout: Layout };

/** What people call it. */
export interface Meaning {
  /** A short name, e.g. `rax`, `BAR0`. */
  readonly label?: string | undefined;
  /** The value in words, e.g. `running`, `52:54:00:12:34:56`, `VIRTIO_NET_F_MAC …`. */
  readonly text?: string | undefined;
}

/** For the field of that name in that table; also asked for each element of an array, with its index. */
export interface MeaningRule {
  readonly vmsd: string;
  readonly field: string;
  readonly meaning: (node: FieldNode, index: number | undefined) => Meaning | undefined;
}

/** What an array of pointers points to, for descriptions that do not say (null-arrays.ts). */
export interface PointedRule {
  readonly vmsd: string;
  readonly field: string;
  readonly table: VmsdSchema;
}

/** One file's rules. */
export interface Decoder {
  readonly pointed?: readonly PointedRule[];
  readonly layouts?: readonly LayoutRule[];
  readonly meanings?: readonly MeaningRule[];
}

/** One value. */
export { field };

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

/** Bytes that stay opaque, and why. */
export function opaque(name: string, size: number, reason: string): FieldSchema {
  return { ...field(name, 'buffer', size), opaque: reason };
}

/** `count` values of known width and unknown meaning. */
export function numberedOpaque(name: string, type: string, size: number, count: number, reason: string): FieldSchema {
  return { ...array(name, type, size, count), opaque: reason };
}

/** The same, but 0 by the standard that lays them out: 0 is understood, anything else is not. */
export function numberedReserved(name: string, type: string, size: number, count: number, reason: string): FieldSchema {
  return { ...array(name, type, size, count), reserved: reason };
}

/** Bytes without meaning: whoever reads them ignores them. */
export function unused(name: string, size: number): FieldSchema {
  return field(name, 'unused_buffer', size);
}

/** A table, or a subsection (version as on the wire). */
export function table(
  name: string,
  fields: readonly FieldSchema[],
  subsections: readonly VmsdSchema[] = [],
  version = 1,
): VmsdSchema {
  return { name, version, fields, subsections };
}
