// What a row of fields holds, for whoever shows it or writes it down.

import { latin1 } from '../../bytes/window.js';
import type { DeviceState, Value } from '../../vmstate/index.js';
import type { FieldRow } from './field-rows.js';

export type RowValue =
  | { readonly kind: 'value'; readonly value: Exclude<Value, Uint8Array> }
  | { readonly kind: 'values'; readonly values: readonly Exclude<Value, Uint8Array>[] }
  /** Without the NULs that fill up its `length` bytes. */
  | { readonly kind: 'text'; readonly text: string; readonly length: number }
  /** A view of the payload. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/** Longer arrays are shown as the bytes that they are. */
const MAX_VALUES = 65_536;

export function rowValue(state: DeviceState, { start, end, scalar, text, count }: FieldRow): RowValue {
  const bytes = state.bytes.subarray(start, end);
  if (text) {
    const known = textOf(bytes);
    return known === undefined ? { kind: 'bytes', bytes } : { kind: 'text', text: known, length: bytes.length };
  }
  if (scalar === undefined) return { kind: 'bytes', bytes };
  const read = (at: number): Exclude<Value, Uint8Array> => scalar.read(state.view, at) as Exclude<Value, Uint8Array>;
  if (count === undefined) return { kind: 'value', value: read(start) };
  // An array of bytes is written as people write one: as hex.
  if (scalar.name === 'uint8' || count > MAX_VALUES) return { kind: 'bytes', bytes };
  return { kind: 'values', values: Array.from({ length: count }, (_, i) => read(start + i * scalar.size)) };
}

/** Undefined when something follows the NUL that ends it, or nothing ends it. */
function textOf(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(0);
  if (end === -1) return undefined;
  return bytes.subarray(end).every((byte) => byte === 0) ? latin1(bytes, 0, end) : undefined;
}
