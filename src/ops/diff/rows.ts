// The fields of a device as rows that two sides can compare: arrays of numbers are taken apart where an element
// differs, buffers where bytes do.

import { equalBytes } from '../../base/bytes.js';
import type { DeviceState } from '../../vmstate/index.js';
import { ArrayBranch } from '../../vmstate/index.js';
import { fieldRows, type FieldRow } from '../devices/field-rows.js';
import { rowValue } from '../devices/row-value.js';

/** Rows by path. Framing has no value of its own: what it frames says whether it is there. */
export function rowsByPath(state: DeviceState): Map<string, FieldRow> {
  const rows = new Map<string, FieldRow>();
  for (const row of fieldRows(state.root)) if (row.role !== 'frame') rows.set(row.path, row);
  return rows;
}

/** The parts of a row that differ: the row itself, elements of an array, stretches of a buffer. */
export function* differingParts(
  a: DeviceState,
  row: FieldRow,
  b: DeviceState,
  counterpart: FieldRow,
): Generator<readonly [FieldRow, FieldRow]> {
  const first = rowValue(a, row);
  const second = rowValue(b, counterpart);
  if (first.kind === 'bytes' && second.kind === 'bytes' && first.bytes.length === second.bytes.length) {
    if (equalBytes(first.bytes, second.bytes)) return;
    for (const { start, end } of stretches(first.bytes, second.bytes))
      yield [slice(row, start, end), slice(counterpart, start, end)];
    return;
  }
  if (first.kind === 'values' && second.kind === 'values' && first.values.length === second.values.length) {
    for (const [index, value] of first.values.entries())
      if (!alike(value, second.values[index]!)) yield [element(row, index), element(counterpart, index)];
    return;
  }
  const same =
    first.kind === 'value' && second.kind === 'value'
      ? alike(first.value, second.value)
      : first.kind === 'text' && second.kind === 'text' && first.text === second.text;
  if (!same) yield [row, counterpart];
}

/** A wider integer with the same value is the same value. */
function alike(a: number | bigint | boolean | string | null, b: typeof a): boolean {
  return Object.is(a, b) || String(a) === String(b);
}

/** Equal bytes between two stretches; fewer do not end a stretch. */
const GAP = 8;

function* stretches(a: Uint8Array, b: Uint8Array): Generator<{ readonly start: number; readonly end: number }> {
  for (let at = 0; at < a.length; at += 1) {
    if (a[at] === b[at]) continue;
    const start = at;
    let end = at + 1;
    for (at = end; at < a.length && at - end < GAP; at += 1) if (a[at] !== b[at]) end = at + 1;
    yield { start, end };
    at -= 1;
  }
}

function slice(row: FieldRow, start: number, end: number): FieldRow {
  if (start === 0 && end === row.end - row.start) return row;
  const name = end === start + 1 ? `[${start}]` : `[${start}-${end - 1}]`;
  return {
    ...row,
    path: row.path + name,
    start: row.start + start,
    end: row.start + end,
    scalar: undefined,
    text: false,
    count: undefined,
    node: undefined,
  };
}

function element(row: FieldRow, index: number): FieldRow {
  const { size } = row.scalar!;
  const start = row.start + index * size;
  return {
    ...row,
    path: `${row.path}[${index}]`,
    start,
    end: start + size,
    count: undefined,
    node: row.node instanceof ArrayBranch ? row.node.at(index) : undefined,
  };
}
