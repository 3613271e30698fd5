// A layout out of -dump-vmstate alone, for tables that the destination's own save does not show: only where every
// field's size in memory must be its size on the wire.

import type { DumpField, DumpTable, FieldSchema, VmsdSchema } from '../../vmstate/index.js';

/** Undefined when a field's size on the wire cannot be told. */
export function schemaOfKnown(table: DumpTable): VmsdSchema | undefined {
  const fields: FieldSchema[] = [];
  for (const field of table.fields) {
    const dumped = fieldOf(field);
    if (dumped === undefined) return undefined;
    fields.push(dumped);
  }
  return { name: table.name, version: table.versionId, fields, subsections: [] };
}

function fieldOf(field: DumpField): FieldSchema | undefined {
  const struct = field.table === undefined ? undefined : schemaOfKnown(field.table);
  if (field.fieldExists || (field.table !== undefined && struct === undefined)) return undefined;
  const size =
    struct === undefined ? field.size : struct.fields.reduce((sum, inner) => sum + inner.size! * (inner.count ?? 1), 0);
  if (size === 0) return undefined;
  return {
    name: field.name,
    type: struct === undefined ? 'buffer' : 'struct',
    size,
    count: field.count,
    index: undefined,
    struct,
    inline: [],
  };
}
