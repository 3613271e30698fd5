// The JSON of `mstream inspect --devices --json` (docs/schema/devices.json) and `mstream get --json`
// (docs/schema/get.json), in pieces, because a q35 has 57,000 fields.

import { fieldJson, type FieldJsonOptions } from '../../ops/devices/field-json.js';
import { fieldRows } from '../../ops/devices/field-rows.js';
import type { StreamDevice, StreamDevices } from '../../ops/devices/read-devices.js';
import { coverageOf } from '../../devices/index.js';
import type { FieldNode } from '../../vmstate/index.js';
import { errorJson } from '../error.js';
import { sectionJson, spanJson } from '../inspect/json.js';
import { toJson } from '../printable.js';

export const DEVICES_SCHEMA_VERSION = 1;

export interface DevicesJsonInput {
  readonly label: string;
  readonly size: number | undefined;
  readonly mstream: string;
}

/** One document with one field per line. `devices` are the devices to show. */
export function* devicesJson(
  read: StreamDevices,
  devices: readonly StreamDevice[],
  input: DevicesJsonInput,
  options: FieldJsonOptions,
): Generator<string> {
  const head = {
    schemaVersion: DEVICES_SCHEMA_VERSION,
    kind: 'devices',
    mstream: input.mstream,
    input: { label: input.label, size: input.size ?? null },
    how: read.how,
    note: read.note ?? null,
    error: read.error === undefined ? null : errorJson(read.error),
  };
  yield `${toJson(head).slice(0, -1)},"devices":[`;
  for (const [index, device] of devices.entries()) yield* deviceJson(device, options, index === 0 ? '' : ',');
  yield ']}';
}

function* deviceJson(
  { section, span, payload, boundary, depth, layout, reason, state }: StreamDevice,
  options: FieldJsonOptions,
  before: string,
): Generator<string> {
  const { total, opaque, unused } = coverageOf(state);
  const size = payload.end - payload.start;
  const head = {
    section: sectionJson(section),
    span: spanJson(span),
    payload: spanJson(payload),
    boundary,
    depth,
    layout,
    ...(reason === undefined ? {} : { reason }),
    bytes: { total: size, opaque: opaque + size - total, unused },
  };
  yield `${before}${toJson(head).slice(0, -1)},"fields":[`;
  let separator = '';
  for (const row of fieldRows(state.root)) {
    yield separator + toJson(fieldJson(state, row, { ...options, spans: true }));
    separator = ',';
  }
  yield ']}';
}

/** The fields below `nodes`, under their full paths. */
export function* fieldsJson(
  nodes: readonly FieldNode[],
  input: DevicesJsonInput,
  note: string | undefined,
): Generator<string> {
  const head = {
    schemaVersion: DEVICES_SCHEMA_VERSION,
    kind: 'fields',
    mstream: input.mstream,
    input: { label: input.label, size: input.size ?? null },
    note: note ?? null,
  };
  yield `${toJson(head).slice(0, -1)},"fields":[`;
  let separator = '';
  for (const node of nodes) {
    for (const row of fieldRows(node)) {
      const { path, ...field } = fieldJson(node.state, row, { spans: true });
      yield separator + toJson({ path: `${node.state.root.fullPath}.${path}`, ...field });
      separator = ',';
    }
  }
  yield ']}';
}
