// The output of `qemu-system-… -M MACHINE -dump-vmstate FILE`: the tables of all device types of a machine. Each table
// has every field and subsection that the device could write. QEMU: dump_vmstate_vmsf(), dump_vmstate_vmsd(),
// migration/savevm.c.

import { MigrationStreamError } from '../base/errors.js';
import { isJsonObject, type JsonObject } from '../base/json.js';
import { MAX_VMDESCRIPTION_DEPTH } from '../limits.js';
import { readJson } from './json-scanner.js';

/** A table of a dump: QEMU's VMStateDescription. */
export interface DumpTable {
  readonly name: string;
  readonly versionId: number;
  readonly minimumVersionId: number;
  readonly fields: readonly DumpField[];
  readonly subsections: readonly DumpTable[];
}

export interface DumpField {
  readonly name: string;
  /** The first version of the table that has the field. */
  readonly versionId: number;
  /** A function of QEMU decides whether the field is present. */
  readonly fieldExists: boolean;
  /**
   * Bytes of one element in memory. Only plain numbers and buffers have the same size on the wire. 0: unknown before
   * the field is written.
   */
  readonly size: number;
  /** Number of elements of an array of fixed length; dumps contain it since 8.0. */
  readonly count: number | undefined;
  readonly table: DumpTable | undefined;
}

/** No machine has as many device types; a dump of 11.1 has 243. */
const MAX_TYPES = 10_000;

/**
 * The tables by device type (`VGA`, `virtio-vga`). `label`: the name of the file in messages.
 * @throws MigrationStreamError code `bad-vmdescription` when it is not a dump, or nests too deep
 */
export function readDump(json: Uint8Array, label: string): ReadonlyMap<string, DumpTable> {
  let root: unknown;
  try {
    root = readJson(json);
  } catch (cause) {
    throw bad(`${label} is no JSON, or too much of it`, cause);
  }
  const tables = new Map<string, DumpTable>();
  for (const [type, entry] of Object.entries(isJsonObject(root) ? root : {})) {
    const description = isJsonObject(entry) ? entry['Description'] : undefined;
    if (!isJsonObject(description)) continue;
    if (tables.size === MAX_TYPES) throw bad(`${label} describes more than ${MAX_TYPES} device types`);
    tables.set(type, tableOf(description, label, 0));
  }
  if (tables.size === 0) throw bad(`${label} describes no device`);
  return tables;
}

function tableOf(value: JsonObject, label: string, depth: number): DumpTable {
  if (depth > MAX_VMDESCRIPTION_DEPTH) throw bad(`${label} nests deeper than ${MAX_VMDESCRIPTION_DEPTH} levels`);
  return {
    name: text(value['name']),
    versionId: integer(value['version_id']) ?? 0,
    minimumVersionId: integer(value['minimum_version_id']) ?? 0,
    fields: objects(value['Fields']).map((field) => ({
      name: text(field['field']),
      versionId: integer(field['version_id']) ?? 0,
      fieldExists: field['field_exists'] !== false,
      size: count(field['size']) ?? 0,
      count: count(field['num']),
      table: isJsonObject(field['Description']) ? tableOf(field['Description'], label, depth + 1) : undefined,
    })),
    subsections: objects(value['Subsections']).map((part) => tableOf(part, label, depth + 1)),
  };
}

const objects = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
/** Versions may be negative. */
const integer = (value: unknown): number | undefined => (Number.isSafeInteger(value) ? (value as number) : undefined);
const count = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;

function bad(message: string, cause?: unknown): MigrationStreamError {
  return new MigrationStreamError({ code: 'bad-vmdescription', message, cause });
}
