// Lists: elements with a mark in front of each until a 0. QEMU: get_qtailq(), get_qlist(), get_gtree(),
// migration/vmstate-types.c.

import type { VmsdSchema } from '../../vmstate/index.js';
import type { Incoming } from '../outer/incoming.js';
import { loadTable } from './load-table.js';
import { schemaOfKnown } from './known-schema.js';
import type { ValueToLoad } from './value-to-load.js';
import type { QemuFile } from '../outer/qemu-file.js';

export async function loadList(
  incoming: Incoming,
  file: QemuFile,
  { field, known, context, name }: ValueToLoad,
): Promise<void> {
  const tables: readonly VmsdSchema[] = field.inline.slice(0, 2);
  const tree = field.type === 'gtree';
  await file.want(4);
  const nodes = tree ? file.u32() : Infinity;
  for (let count = 0; ; count += 1) {
    await file.want(1);
    if (file.u8() === 0) {
      if (tree && count !== nodes) throw incoming.refuse(file, 'tree-inconsistent', { field: name });
      return;
    }
    if (count >= nodes) throw incoming.refuse(file, 'tree-inconsistent', { field: name });
    const keyed = tree && tables.length === 2 && tables[0]!.name !== tables[1]!.name;
    const elements = tree && !keyed ? tables.slice(0, 1) : tree ? tables : tables.slice(0, 1);
    if (tree && !keyed) {
      await file.want(8);
      file.u64();
    }
    const layouts = elements.length > 0 ? elements : dumped(known?.table);
    if (layouts.length === 0) {
      incoming.unknowns.add(
        `what an element of ${context.table.schema.name}.${name} looks like: the destination's own save has none`,
      );
      throw incoming.ends(file, 'unknown', 'layout-unknown', {
        what: `an element of ${context.table.schema.name}.${name}`,
      });
    }
    for (const schema of layouts) {
      await loadTable(
        incoming,
        file,
        { schema, known: known?.table?.name === schema.name ? known.table : undefined, localBytes: undefined },
        known?.versionId ?? schema.version,
        context.device,
      );
    }
  }
}

function dumped(table: Parameters<typeof schemaOfKnown>[0] | undefined): readonly VmsdSchema[] {
  const schema = table === undefined ? undefined : schemaOfKnown(table);
  return schema === undefined ? [] : [schema];
}
