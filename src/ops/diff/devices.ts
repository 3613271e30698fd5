// The devices of two states, section by section and field by field.

import { equalBytes } from '../../base/bytes.js';
import { decodeDevice } from '../../devices/index.js';
import { MAX_DIFFERENCES } from '../../limits.js';
import { deviceLabel, type DeviceState } from '../../vmstate/index.js';
import { deviceKey } from '../../wire/section.js';
import { fieldJson } from '../devices/field-json.js';
import type { FieldRow } from '../devices/field-rows.js';
import { fitsExactly, type StreamDevice } from '../devices/stream-device.js';
import { noiseOf } from './noise.js';
import type { DeviceDifference, FieldDifference } from './result.js';
import { differingParts, rowsByPath } from './rows.js';
import { schemaRows } from './schema.js';

/** What two devices of one name have in common, and what not. */
type Compare = (a: StreamDevice, b: StreamDevice, room: number) => Fields;

interface Fields {
  readonly fields: readonly FieldDifference[];
  readonly more: number;
  readonly note?: string | undefined;
}

export interface DevicesDiff {
  readonly devices: readonly DeviceDifference[];
  /** Devices that both sides have. */
  readonly compared: number;
}

/** Values of all devices. The n-th section of a name and instance is compared with the n-th of the other side. */
export function compareDevices(a: readonly StreamDevice[], b: readonly StreamDevice[]): DevicesDiff {
  return pairs(a, b, compareValues);
}

/** What the two streams describe, without values. */
export function compareSchemas(a: readonly StreamDevice[], b: readonly StreamDevice[]): DevicesDiff {
  return pairs(a, b, compareLayouts);
}

function pairs(a: readonly StreamDevice[], b: readonly StreamDevice[], compare: Compare): DevicesDiff {
  const waiting = new Map<string, StreamDevice[]>();
  for (const device of b) {
    const key = deviceKey(device.section.idstr, device.section.instanceId);
    const list = waiting.get(key);
    if (list === undefined) waiting.set(key, [device]);
    else list.push(device);
  }
  const devices: DeviceDifference[] = [];
  const matched = new Set<StreamDevice>();
  let room = MAX_DIFFERENCES;
  for (const device of a) {
    const partner = waiting.get(deviceKey(device.section.idstr, device.section.instanceId))?.shift();
    if (partner === undefined) {
      devices.push(alone(device, 'a'));
      continue;
    }
    matched.add(partner);
    const { fields, more, note } = compare(device, partner, room);
    room -= fields.length;
    const [from, to] = [device.section.versionId, partner.section.versionId];
    const version = from === to ? undefined : { what: 'version', a: String(from), b: String(to) };
    if (fields.length === 0 && more === 0 && version === undefined && note === undefined) continue;
    devices.push({
      device: labelOf(device),
      only: undefined,
      size: { a: sizeOf(device), b: sizeOf(partner) },
      version,
      fields,
      more,
      note,
    });
  }
  for (const device of b) if (!matched.has(device)) devices.push(alone(device, 'b'));
  return { devices, compared: matched.size };
}

function alone(device: StreamDevice, only: 'a' | 'b'): DeviceDifference {
  const size = sizeOf(device);
  return {
    device: labelOf(device),
    only,
    size: only === 'a' ? { a: size, b: undefined } : { a: undefined, b: size },
    version: undefined,
    fields: [],
    more: 0,
    note: undefined,
  };
}

function compareValues(a: StreamDevice, b: StreamDevice, room: number): Fields {
  if (sizeOf(a) !== a.state.bytes.length || sizeOf(b) !== b.state.bytes.length)
    return { fields: [], more: 0, note: 'too large to be compared' };
  if (equalBytes(a.state.bytes, b.state.bytes)) return { fields: [], more: 0 };
  const [first, second] = sameKnowledge(a, b);
  const rows = rowsByPath(first);
  const secondRows = rowsByPath(second);
  const gathered = new Gathered(room);
  const add = (row: FieldRow | undefined, counterpart: FieldRow | undefined): void => {
    gathered.add(() => ({
      path: (row ?? counterpart)!.path,
      a: row && fieldJson(first, row),
      b: counterpart && fieldJson(second, counterpart),
      noise: noiseOf(first.device, (row ?? counterpart)!),
    }));
  };
  for (const [path, row] of rows) {
    const counterpart = secondRows.get(path);
    if (counterpart === undefined) add(row, undefined);
    else for (const [part, partner] of differingParts(first, row, second, counterpart)) add(part, partner);
  }
  for (const [path, counterpart] of secondRows) if (!rows.has(path)) add(undefined, counterpart);
  return gathered;
}

/** Where only one side knows the layout, it is used for both, if it fits the bytes of the other exactly. */
function sameKnowledge(a: StreamDevice, b: StreamDevice): readonly [DeviceState, DeviceState] {
  if (a.layout === 'none' && b.layout !== 'none' && fitsExactly(b.state.device, a.state.bytes))
    return [decodeDevice(b.state.device, a.state.bytes, a.state.base), b.state];
  if (b.layout === 'none' && a.layout !== 'none' && fitsExactly(a.state.device, b.state.bytes))
    return [a.state, decodeDevice(a.state.device, b.state.bytes, b.state.base)];
  return [a.state, b.state];
}

function compareLayouts(a: StreamDevice, b: StreamDevice, room: number): Fields {
  const unknown = [a, b].filter(({ layout }) => layout === 'none').length;
  if (unknown === 2) return { fields: [], more: 0 };
  if (unknown === 1)
    return { fields: [], more: 0, note: `the ${a.layout === 'none' ? 'first' : 'second'} stream does not describe it` };
  const rows = schemaRows(a.state.device.vmsd);
  const secondRows = schemaRows(b.state.device.vmsd);
  const gathered = new Gathered(room);
  const said = (path: string, text: string | undefined): FieldDifference['a'] =>
    text === undefined ? undefined : { path, type: text };
  for (const path of new Set([...rows.keys(), ...secondRows.keys()])) {
    const [from, to] = [rows.get(path), secondRows.get(path)];
    if (
      from === to ||
      (from === undefined ? goesWithTable(path, secondRows, rows) : goesWithTable(path, rows, secondRows))
    )
      continue;
    gathered.add(() => ({ path, a: said(path, from), b: said(path, to), noise: undefined }));
  }
  return gathered;
}

/**
 * Does `lacking`, which has no such field, lack the table around it too? Then the line of the table says it. Names of
 * QEMU's fields have dots as well, so the table must be there on the other side.
 */
function goesWithTable(
  path: string,
  having: ReadonlyMap<string, string>,
  lacking: ReadonlyMap<string, string>,
): boolean {
  const table = path.slice(0, Math.max(0, path.lastIndexOf('.')));
  return !lacking.has(path) && having.has(table) && !lacking.has(table);
}

/** Keeps as many differences as there is room for, and counts the rest. */
class Gathered implements Fields {
  readonly fields: FieldDifference[] = [];
  more = 0;
  private readonly room: number;

  constructor(room: number) {
    this.room = room;
  }

  add(make: () => FieldDifference): void {
    if (this.fields.length < this.room) this.fields.push(make());
    else this.more += 1;
  }
}

function sizeOf({ payload }: StreamDevice): number {
  return payload.end - payload.start;
}

function labelOf({ section }: StreamDevice): string {
  return deviceLabel({ name: section.idstr, instanceId: section.instanceId });
}
