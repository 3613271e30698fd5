// A row of fields as a JSON object: `Field` of docs/schema/common.json, in documents that show devices and in those
// that can be edited. Integers of 64 bits are strings, and so is what JSON has no number for.

import { hexDigits } from '../../base/bytes.js';
import type { Value } from '../../vmstate/index.js';
import type { DeviceState } from '../../vmstate/index.js';
import { rowMeaning, type FieldRow } from './field-rows.js';
import { rowValue } from './row-value.js';

export type FieldValue = string | number | boolean | null;

/** Absent members do not apply. */
export interface FieldJson {
  readonly path: string;
  /** Of the value or of each element; absent: only bytes. `text` has a `length`. */
  readonly type?: string;
  /** Absent: an ordinary field. */
  readonly role?: 'frame' | 'unused' | 'opaque';
  readonly value?: FieldValue;
  readonly values?: readonly FieldValue[];
  /** Hex. */
  readonly bytes?: string;
  /** Bytes of a text, its NULs included. */
  readonly length?: number;
  /** Why it is opaque. */
  readonly reason?: string;
  /** What people call it, and what the value means. For reading only. */
  readonly label?: string;
  readonly meaning?: string;
  readonly span?: { readonly start: number; readonly end: number };
}

export interface FieldJsonOptions {
  /** Absolute places. */
  readonly spans?: boolean;
  /** Bytes beside values. */
  readonly hex?: boolean;
}

export function fieldJson(
  state: DeviceState,
  row: FieldRow,
  { spans = false, hex = false }: FieldJsonOptions = {},
): FieldJson {
  const { path, role, scalar, text, reason } = row;
  const meaning = rowMeaning(row);
  const value = rowValue(state, row);
  const type = scalar?.name ?? (text && value.kind === 'text' ? 'text' : undefined);
  return {
    path,
    ...(type === undefined ? {} : { type }),
    ...(role === 'field' ? {} : { role }),
    ...(value.kind === 'value' ? { value: valueJson(value.value) } : {}),
    ...(value.kind === 'values' ? { values: value.values.map(valueJson) } : {}),
    ...(value.kind === 'text' ? { value: value.text, length: value.length } : {}),
    ...(hex || value.kind === 'bytes' ? { bytes: hexDigits(state.bytes.subarray(row.start, row.end)) } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(meaning?.label === undefined ? {} : { label: meaning.label }),
    ...(meaning?.text === undefined ? {} : { meaning: meaning.text }),
    ...(spans ? { span: { start: state.base + row.start, end: state.base + row.end } } : {}),
  };
}

function valueJson(value: Exclude<Value, Uint8Array>): FieldValue {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return Object.is(value, -0) ? '-0' : String(value);
  return value;
}
