// What the destination could load although no donor shows it: the tables of `-dump-vmstate`, which list every subsection
// of every device, written or not. QEMU: dump_vmstate_json_to_file(), migration/savevm.c. May import base, limits.

import { isJsonObject, type JsonObject } from '../../base/json.js';
import { MigrationStreamError } from '../../base/errors.js';
import { MAX_VMDESCRIPTION_DEPTH } from '../../limits.js';

/** A table of the destination, by its name. Tables of one name are taken together. */
export interface KnownTable {
  readonly fields: ReadonlySet<string>;
  /** Name and version. */
  readonly subsections: ReadonlyMap<string, number>;
}

export type KnownTables = ReadonlyMap<string, KnownTable>;

interface Building {
  readonly fields: Set<string>;
  readonly subsections: Map<string, number>;
}

/**
 * The tables in the JSON of `-dump-vmstate`, whole or reduced.
 * @throws MigrationStreamError code `bad-vmdescription`: no JSON, or none that QEMU writes
 */
export function parseKnownTables(json: Uint8Array): KnownTables {
  let root: unknown;
  try {
    root = JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.length).toString('utf8'));
  } catch (cause) {
    throw bad('is not JSON', cause);
  }
  if (!isJsonObject(root)) throw bad('is no object');
  const tables = new Map<string, Building>();
  for (const device of Object.values(root)) if (isJsonObject(device)) readTable(tables, device['Description'], 0);
  if (tables.size === 0) throw bad('describes no device');
  return tables;
}

function readTable(tables: Map<string, Building>, value: unknown, depth: number): void {
  if (!isJsonObject(value) || typeof value['name'] !== 'string') return;
  if (depth > MAX_VMDESCRIPTION_DEPTH) throw bad(`nests deeper than ${MAX_VMDESCRIPTION_DEPTH} levels`);
  const name = value['name'];
  const table = tables.get(name) ?? { fields: new Set<string>(), subsections: new Map<string, number>() };
  tables.set(name, table);
  for (const field of listOf(value['Fields'])) {
    if (typeof field['field'] === 'string') table.fields.add(field['field']);
    readTable(tables, field['Description'], depth + 1);
  }
  for (const part of listOf(value['Subsections'])) {
    if (typeof part['name'] === 'string') table.subsections.set(part['name'], typeof part['version_id'] === 'number' ? part['version_id'] : 0);
    readTable(tables, part, depth + 1);
  }
}

function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isJsonObject) : [];
}

function bad(what: string, cause?: unknown): MigrationStreamError {
  return new MigrationStreamError({ code: 'bad-vmdescription', message: `the file of -dump-vmstate ${what}`, cause });
}
