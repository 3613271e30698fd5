// The questions of the walk about fields that the description does not divide. The answers are in devices/.

import type { VmsdSchema } from './schema.js';

/** The origin of the bytes to divide. */
export interface LayoutContext {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** idstr of the device. */
  readonly device: string;
  /** Name of the table that contains the field. */
  readonly vmsd: string;
  readonly field: string;
}

/** Elements of one type. The field becomes an array, or a scalar when `count` is undefined. */
export interface Retyped {
  readonly type: string;
  /** Bytes of an element. */
  readonly size: number;
  readonly count: number | undefined;
  /** The reason why the content of the elements is not understood. The elements can still be named and changed. */
  readonly opaque?: string;
}

/**
 * The inside of a field. Its sizes must add up to exactly `bytes.length`; otherwise the field stays opaque. Undefined:
 * the bytes do not have this format. A read past their end (RangeError) means the same.
 */
export type Layout = (context: LayoutContext) => VmsdSchema | Retyped | undefined;

/** Knowledge about devices in addition to the description. */
export interface DeviceRules {
  /**
   * The decoder of a field, by its type, its table, its name and the idstr of its device; undefined when no decoder is
   * known.
   */
  layout(type: string, vmsd: string, field: string, device: string): Layout | undefined;
  /** The table that the pointers of an array point to; undefined when it is not known. */
  pointedTable(vmsd: string, field: string): VmsdSchema | undefined;
}
