// The tables of -dump-vmstate: every field and subsection that a QEMU can read, whether a save shows it or not. Each
// table is kept once, since device types share most of them (a quarter of the size).

import { readDump, type DumpTable, type VmsdSchema } from '../vmstate/index.js';

/** All tables of one name taken together. */
export interface TableNames {
  readonly fields: ReadonlySet<string>;
  /** Version by name. */
  readonly subsections: ReadonlyMap<string, number>;
}

export class VmstateTables {
  /** By device type (`VGA`, `virtio-vga`). */
  readonly types: ReadonlyMap<string, DumpTable>;
  /**
   * Each table once, behind the tables that it contains. Names repeat: isa-serial and pci-serial each have a `serial`.
   */
  readonly all: readonly DumpTable[];
  private readonly byName = new Map<string, DumpTable[]>();
  private readonly merged = new Map<string, TableNames>();

  constructor(types: ReadonlyMap<string, DumpTable>, all: readonly DumpTable[]) {
    this.types = types;
    this.all = all;
    for (const table of all) {
      const list = this.byName.get(table.name);
      if (list === undefined) this.byName.set(table.name, [table]);
      else list.push(table);
    }
  }

  /**
   * The table that a schema of a save describes: of the tables with the name and the version of the schema, the table
   * that has most of the schema's fields. The version matters: Arm boards have a table `timer` that shares only the name
   * with the `timer` of every save. Undefined: no table has any of the fields.
   */
  find({ name, version, fields }: VmsdSchema): DumpTable | undefined {
    let best: DumpTable | undefined;
    let most = fields.length === 0 ? -1 : 0;
    for (const table of this.byName.get(name) ?? []) {
      if (table.versionId !== version) continue;
      const names = new Set(table.fields.map((field) => field.name));
      const shared = fields.filter((field) => names.has(field.name) || names.has(field.name.replace(/\[\d+\]$/, '')));
      if (shared.length > most) [best, most] = [table, shared.length];
    }
    return best;
  }

  /** Fields and subsections of the tables of that name; undefined: the dump has no such table. */
  named(name: string): TableNames | undefined {
    const known = this.merged.get(name);
    const tables = this.byName.get(name);
    if (known !== undefined || tables === undefined) return known;
    const names = {
      fields: new Set(tables.flatMap(({ fields }) => fields.map((field) => field.name))),
      subsections: new Map(
        tables.flatMap(({ subsections }) => subsections.map((part) => [part.name, part.versionId] as const)),
      ),
    };
    this.merged.set(name, names);
    return names;
  }
}

/**
 * The tables in the JSON that `-dump-vmstate` wrote. `label`: what messages call it.
 * @throws MigrationStreamError code `bad-vmdescription`: no JSON, or none that QEMU writes
 */
export function readVmstateTables(json: Uint8Array, label = 'the file of -dump-vmstate'): VmstateTables {
  const all: DumpTable[] = [];
  const numbers = new Map<DumpTable, number>();
  const known = new Map<string, DumpTable>();
  const once = (table: DumpTable): DumpTable => {
    const fields = table.fields.map((field) =>
      field.table === undefined ? field : { ...field, table: once(field.table) },
    );
    const subsections = table.subsections.map(once);
    const key = JSON.stringify([
      { ...table, fields: undefined, subsections: undefined },
      fields.map((field) => ({ ...field, table: field.table === undefined ? undefined : numbers.get(field.table) })),
      subsections.map((subsection) => numbers.get(subsection)),
    ]);
    const same = known.get(key);
    if (same !== undefined) return same;
    const kept = { ...table, fields, subsections };
    known.set(key, kept);
    numbers.set(kept, all.push(kept) - 1);
    return kept;
  };
  const types = [...readDump(json, label)].map(([type, table]) => [type, once(table)] as const);
  return new VmstateTables(new Map(types.sort(([a], [b]) => (a < b ? -1 : 1))), all);
}
