// `mstream inspect --devices`: devices and their fields as lines, made one by one, so no tree is too large.

import { equalBytes, hexDigits } from '../../base/bytes.js';
import { escapeText } from '../../base/quote.js';
import { fieldRows, rowMeaning, type FieldRow } from '../../ops/devices/field-rows.js';
import { rowValue } from '../../ops/devices/row-value.js';
import type { StreamDevice } from '../../ops/devices/stream-device.js';
import { coverageOf } from '../../devices/index.js';
import { deviceLabel, type DeviceState, type Value } from '../../vmstate/index.js';
import { bytesText, countText, hexText, offsetText, percentText, plural } from '../quantity.js';
import type { Theme } from '../theme.js';

/** Number of elements, or of runs of equal elements, shown of an array; number of bytes shown of a buffer. */
const MAX_SHOWN = 8;
const MAX_BYTES = 24;
/** Bytes per row and rows per field, beside the fields. */
const HEX_ROW = 8;
const MAX_HEX_ROWS = 16;
/** Longer paths and names are cut: they are wider than a terminal. */
const MAX_PATH = 120;

const layoutText = {
  vmdescription: undefined,
  stream: 'layout of another stream',
  dump: 'layout of a dump: widths, no types',
} as const;

export interface DeviceTextOptions {
  /** The offset and the bytes in front of each field. */
  readonly hex: boolean;
}

/** The device's summary, then its fields. */
export function* deviceLines(device: StreamDevice, options: DeviceTextOptions, theme: Theme): Generator<string> {
  const { section, state, payload } = device;
  const { opaque, total } = coverageOf(state);
  const size = payload.end - payload.start;
  const hidden = opaque + size - total;
  const facts = [
    `version ${section.versionId}`,
    `${bytesText(size)} at ${theme.offset(hexText(payload.start))}`,
    hidden === 0 ? undefined : `${countText(hidden)} opaque (${percentText(hidden, size)})`,
    device.depth > 0 ? 'in PACKAGED' : undefined,
    device.boundary === 'footer-scan' ? 'end found by its footer' : undefined,
    device.layout === 'none'
      ? theme.warning(`no layout: ${escapeText(device.reason ?? '')}`)
      : layoutText[device.layout],
  ];
  yield `${theme.heading(escapeText(deviceLabel({ name: section.idstr, instanceId: section.instanceId })))}  ${facts.filter((fact) => fact !== undefined).join(', ')}`;
  for (const row of fieldRows(state.root, true)) yield* rowLines(state, row, options, theme);
}

/** The totals over all devices. */
export function devicesSummary(devices: readonly StreamDevice[], theme: Theme): string {
  let bytes = 0;
  let opaque = 0;
  for (const { state, payload } of devices) {
    const size = payload.end - payload.start;
    const coverage = coverageOf(state);
    bytes += size;
    opaque += coverage.opaque + size - coverage.total;
  }
  return theme.dim(
    `${plural(devices.length, 'device')}, ${bytesText(bytes)}${opaque === 0 ? '' : `, ${countText(opaque)} opaque (${percentText(opaque, bytes)})`}`,
  );
}

function* rowLines(state: DeviceState, row: FieldRow, { hex }: DeviceTextOptions, theme: Theme): Generator<string> {
  const path = shortened(row.path).padEnd(40);
  const columns =
    row.folded === undefined
      ? `${theme.name(path)}  ${theme.dim(typeText(row).padEnd(9))}  ${valueColumn(state, row)}`
      : `${theme.name(path)}  ${theme.dim(row.folded)}`;
  const meaning = row.folded === undefined ? rowMeaning(row) : undefined;
  const words = [meaning?.label, meaning?.text]
    .filter((word) => word !== undefined)
    .map(escapeText)
    .join(' = ');
  const note =
    row.role === 'opaque'
      ? theme.warning(`opaque: ${escapeText(row.reason ?? '')}`)
      : row.role === 'unused'
        ? theme.dim('unused')
        : theme.strong(words);
  const line = `${columns}  ${note}`.trimEnd();
  if (!hex) {
    yield `  ${line}`;
    return;
  }
  const bytes = row.folded === undefined ? state.bytes.subarray(row.start, row.end) : new Uint8Array(0);
  const at = (index: number): string =>
    `  ${theme.offset(offsetText(state.base + row.start + index))}  ${hexRow(bytes.subarray(index, index + HEX_ROW))}`;
  yield `${at(0)}  ${line}`;
  let shown = 1;
  let index = HEX_ROW;
  for (let before = 0; index < bytes.length && shown < MAX_HEX_ROWS; index += HEX_ROW) {
    const last = index + HEX_ROW >= bytes.length;
    // A row that equals the row above is not shown again, as in hexdump. The last row is shown, for its offset.
    if (!last && equalBytes(bytes.subarray(index, index + HEX_ROW), bytes.subarray(before, before + HEX_ROW))) {
      if (index - before === HEX_ROW) yield theme.dim('  *');
      continue;
    }
    yield at(index).trimEnd();
    before = index;
    shown += 1;
  }
  if (index < bytes.length) yield `  ${theme.dim(`… ${plural(bytes.length - index, 'byte')} more`)}`;
}

function hexRow(bytes: Uint8Array): string {
  return hexDigits(bytes, ' ').padEnd(3 * HEX_ROW - 1);
}

function shortened(path: string): string {
  const text = escapeText(path);
  return text.length <= MAX_PATH ? text : `${text.slice(0, MAX_PATH / 2)}…${text.slice(-MAX_PATH / 2)}`;
}

function typeText({ scalar, text, count, start, end }: FieldRow): string {
  const type = scalar?.name ?? (text ? 'text' : `${end - start} B`);
  return count === undefined ? type : `${type}[${count}]`;
}

function valueColumn(state: DeviceState, row: FieldRow): string {
  const value = rowValue(state, row);
  switch (value.kind) {
    case 'text':
      return `"${escapeText(value.text)}"`;
    case 'value':
      return oneValue(value.value);
    case 'values':
      return runs(value.values);
    case 'bytes':
      return bytesShown(value.bytes);
  }
}

function oneValue(value: Exclude<Value, Uint8Array>): string {
  if (typeof value === 'bigint' ? value > 9n : typeof value === 'number' && Number.isInteger(value) && value > 9)
    return `${value} (${hexText(value as number | bigint)})`;
  return String(value);
}

function bytesShown(bytes: Uint8Array): string {
  if (bytes.length > MAX_BYTES && bytes.every((byte) => byte === bytes[0]))
    return `${hexDigits(bytes.subarray(0, 1))} x ${countText(bytes.length)}`;
  const shown = hexDigits(bytes.subarray(0, MAX_BYTES));
  return bytes.length > MAX_BYTES ? `${shown}… (${countText(bytes.length)} bytes)` : shown;
}

/** `1, 0 x 14, 5 …`. */
function runs(values: readonly Exclude<Value, Uint8Array>[]): string {
  const parts: string[] = [];
  let at = 0;
  while (at < values.length && parts.length < MAX_SHOWN) {
    let next = at + 1;
    while (next < values.length && values[next] === values[at]) next += 1;
    parts.push(next === at + 1 ? String(values[at]) : `${String(values[at])} x ${countText(next - at)}`);
    at = next;
  }
  return at < values.length ? `${parts.join(', ')}, … (${countText(values.length - at)} more)` : parts.join(', ');
}
