// What the walk asks about fields whose inside the description does not say. The answers stand in devices/.

import type { VmsdSchema } from './schema.js';

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

/** Elements of one type: the field becomes an array, or a scalar when `count` is undefined. */
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

/** What is known about devices beside the description. */
export interface DeviceRules {
  /** How to divide a field, by its type, its table, its name and the idstr of its device; undefined: nobody knows. */
  layout(type: string, vmsd: string, field: string, device: string): Layout | undefined;
  /** What the pointers of an array point to; undefined: nobody knows. */
  pointedTable(vmsd: string, field: string): VmsdSchema | undefined;
}
