// What the destination could load although no donor shows it: the tables of `-dump-vmstate`, which list every
// subsection of every device, written or not.

import { MigrationStreamError } from '../../base/errors.js';
import { readDump, type DumpTable } from '../../vmstate/index.js';

/** A table of the destination, by its name. Tables of one name are taken together. */
export interface KnownTable {
  readonly fields: ReadonlySet<string>;
  /** Name and version. */
  readonly subsections: ReadonlyMap<string, number>;
}

export type KnownTables = ReadonlyMap<string, KnownTable>;

const LABEL = 'the file of -dump-vmstate';

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
    throw new MigrationStreamError({ code: 'bad-vmdescription', message: `${LABEL} is not JSON`, cause });
  }
  const tables = new Map<string, Building>();
  for (const table of readDump(root, LABEL).values()) enter(tables, table);
  return tables;
}

function enter(tables: Map<string, Building>, { name, fields, subsections }: DumpTable): void {
  const known = tables.get(name) ?? { fields: new Set<string>(), subsections: new Map<string, number>() };
  tables.set(name, known);
  for (const field of fields) {
    known.fields.add(field.name);
    if (field.table !== undefined) enter(tables, field.table);
  }
  for (const part of subsections) {
    known.subsections.set(part.name, part.versionId);
    enter(tables, part);
  }
}
