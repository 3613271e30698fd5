// Values alone, for scripts: the output of `mstream get`, in the form that `mstream rewrite --set` reads.

import { hexDigits } from '../../base/bytes.js';
import { escapeText } from '../../base/quote.js';
import { fieldRows, type FieldRow } from '../../ops/devices/field-rows.js';
import { rowValue } from '../../ops/devices/row-value.js';
import type { DeviceState, FieldNode, Value } from '../../vmstate/index.js';

/** The value when `node` has a single value (an array of bytes counts as one); otherwise undefined. */
export function plainValue(node: FieldNode): string | undefined {
  const rows = fieldRows(node);
  const first = rows.next();
  if (first.done === true || rows.next().done !== true) return undefined;
  const lines = [...rowTexts(node.state, first.value)];
  return lines.length === 1 && lines[0]![0] === '' ? lines[0]![1] : undefined;
}

/** `path=value` for every value below `nodes`; framing has none. */
export function* valueLines(nodes: readonly FieldNode[]): Generator<string> {
  for (const node of nodes) {
    const device = node.state.root.fullPath;
    for (const row of fieldRows(node)) {
      if (row.role === 'frame' && node.kind !== 'leaf') continue;
      const path = escapeText(`${device}.${row.path}`);
      for (const [index, text] of rowTexts(node.state, row)) yield `${path}${index}=${text}`;
    }
  }
}

/** The texts of a row, each with the rest of its path. */
function* rowTexts(state: DeviceState, row: FieldRow): Generator<readonly [string, string]> {
  const value = rowValue(state, row);
  switch (value.kind) {
    case 'value':
      yield ['', valueText(value.value)];
      return;
    case 'text':
      yield ['', escapeText(value.text)];
      return;
    case 'bytes':
      yield ['', hexDigits(value.bytes)];
      return;
    case 'values':
      for (const [index, element] of value.values.entries()) yield [`[${index}]`, valueText(element)];
  }
}

function valueText(value: Exclude<Value, Uint8Array>): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
