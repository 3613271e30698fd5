// The vmdescription: QEMU's own JSON about the stream that it stands in. Here only what framing needs, the length of
// each device's payload and the target page size; the fields are vmstate's later work. QEMU: vmstate_save_state_v()
// writes it, migration/vmstate.c.

import { isJsonObject, type JsonObject } from '../base/json.js';
import { MigrationStreamError } from '../base/errors.js';
import { MAX_VMDESCRIPTION_DEPTH, MAX_VMDESCRIPTION_VALUES } from '../limits.js';

export interface DeviceLayout {
  readonly name: string;
  readonly instanceId: number;
  /** Bytes of the payload: all fields and subsections; undefined when the JSON does not say. */
  readonly length: number | undefined;
}

export interface VmDescription {
  /** Target page size in bytes; undefined when absent or absurd. */
  readonly pageSize: number | undefined;
  /** In the order of the FULL sections. */
  readonly devices: readonly DeviceLayout[];
  /** Since 8.2 the JSON describes the configuration section too. */
  readonly hasConfiguration: boolean;
  /** `"key" : value` (QEMU up to 5.2) or `"key": value` (6.0 and later). */
  readonly spacedColons: boolean;
}

/** @throws MigrationStreamError code `bad-vmdescription`: no JSON, too deep or too dense, or not of QEMU's shape */
export function parseVmDescription(json: Uint8Array): VmDescription {
  checkShape(json);
  let root: unknown;
  const text = Buffer.from(json.buffer, json.byteOffset, json.length).toString('latin1');
  try {
    root = JSON.parse(text);
  } catch (cause) {
    throw bad('is not JSON', cause);
  }
  if (!isJsonObject(root) || !Array.isArray(root['devices'])) throw bad('has no "devices"');
  const pageSize = root['page_size'];
  return {
    pageSize:
      typeof pageSize === 'number' && [1024, 2048, 4096, 8192, 16384, 32768, 65536].includes(pageSize)
        ? pageSize
        : undefined,
    devices: root['devices'].map(device),
    hasConfiguration: isJsonObject(root['configuration']),
    spacedColons: /^\{\s*"\w+" :/.test(text),
  };
}

function device(value: unknown): DeviceLayout {
  if (!isJsonObject(value) || typeof value['name'] !== 'string') throw bad('has a device without name');
  const instance = value['instance_id'];
  return {
    name: value['name'],
    instanceId: typeof instance === 'number' ? instance >>> 0 : 0,
    length: payloadLength(value),
  };
}

/** docs/format.md: the top level of a device and of each of its subsections; sizes of fields include what they nest. */
function payloadLength(node: JsonObject): number | undefined {
  const fields = sum(node['fields'], fieldLength);
  const subsections = sum(node['subsections'], (part) => {
    const name = part['vmsd_name'];
    const inner = payloadLength(part);
    return typeof name === 'string' && inner !== undefined ? 1 + 1 + name.length + 4 + inner : undefined;
  });
  return fields === undefined || subsections === undefined ? undefined : fields + subsections;
}

function fieldLength(field: JsonObject): number | undefined {
  const size = field['size'];
  const elements = field['array_len'] ?? 1;
  if (typeof size !== 'number' || typeof elements !== 'number') return undefined;
  const length = size * elements;
  return Number.isSafeInteger(length) && size >= 0 && elements >= 0 ? length : undefined;
}

function sum(list: unknown, lengthOf: (item: JsonObject) => number | undefined): number | undefined {
  if (list === undefined) return 0;
  if (!Array.isArray(list)) return undefined;
  let total = 0;
  for (const item of list as unknown[]) {
    const length = isJsonObject(item) ? lengthOf(item) : undefined;
    if (length === undefined) return undefined;
    total += length;
  }
  return total;
}

/**
 * Before JSON.parse makes objects of it and our own recursion gets to see it. Brackets in strings do not count: closing
 * ones would hide a depth.
 * @throws MigrationStreamError code `bad-vmdescription`: too deep or too dense
 */
export function checkShape(json: Uint8Array): void {
  let depth = 0;
  let values = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at]!;
    if (byte === 0x22) inString = !inString;
    else if (inString) at += byte === 0x5c ? 1 : 0;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      values += 1;
    } else if (byte === 0x2c) values += 1;
    else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    if (depth > MAX_VMDESCRIPTION_DEPTH) throw bad(`nests deeper than ${MAX_VMDESCRIPTION_DEPTH} levels`);
    if (values > MAX_VMDESCRIPTION_VALUES) throw bad(`has more than ${MAX_VMDESCRIPTION_VALUES} values`);
  }
}

function bad(what: string, cause?: unknown): MigrationStreamError {
  return new MigrationStreamError({ code: 'bad-vmdescription', message: `the vmdescription ${what}`, cause });
}
