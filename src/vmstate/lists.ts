// List fields. QTAILQ and QLIST are (01, element) until 00. A GTREE is a count, then (01, key, value) for each element,
// then 00. The description repeats the element's table once per element, in one JSON object. QEMU: put_qtailq(),
// put_qlist(), put_gtree(), migration/vmstate-types.c.

import { Branch, Leaf, type FieldNode } from './node.js';
import { byteScalar, countScalar, keyScalar } from './scalars.js';
import { vmsdSize, type FieldSchema, type VmsdSchema } from './schema.js';

/** The function that walks the fields of a table (walk.ts). */
export type TableWalk = (branch: Branch, vmsd: VmsdSchema, start: number, end: number) => readonly FieldNode[];

/** The elements, their marks, and an opaque rest where marks and description disagree. */
export function listChildren(branch: Branch, field: FieldSchema, walk: TableWalk): FieldNode[] {
  const children: FieldNode[] = [];
  const { start, end, state } = branch;
  const frame = (parent: Branch, name: string, at: number, size: number): Leaf =>
    new Leaf(
      parent,
      name,
      at,
      at + size,
      'frame',
      undefined,
      size === 1 ? byteScalar : size === 4 ? countScalar : keyScalar,
    );
  const lost = (at: number, reason: string): FieldNode[] => [
    ...children,
    new Leaf(branch, '@rest', at, end, 'opaque', undefined, undefined, reason),
  ];

  let at = start;
  let elements: readonly (readonly VmsdSchema[])[] = field.inline.map((table) => [table]);
  let directKey = false;
  if (field.type === 'gtree') {
    if (end - start < 4) return lost(at, 'too short for a tree');
    const count = state.view.getUint32(at);
    if (count === field.inline.length) directKey = true;
    else if (count * 2 === field.inline.length)
      elements = Array.from({ length: count }, (_, i) => field.inline.slice(2 * i, 2 * i + 2));
    else return lost(at, `a tree of ${count} nodes, the description has ${field.inline.length} tables`);
    children.push(frame(branch, '@count', at, 4));
    at += 4;
  }
  for (const [index, tables] of elements.entries()) {
    const keySize = directKey ? 8 : 0;
    const sizes = tables.map((table) => vmsdSize(table) ?? Number.NaN);
    const size = 1 + keySize + sizes.reduce((sum, entrySize) => sum + entrySize, 0);
    if (!(at + size <= end)) return lost(at, `no room for element ${index}`);
    if (state.bytes[at] !== 1) return lost(at, `no mark before element ${index}`);
    const from = at;
    children.push(
      new Branch(
        state,
        branch,
        `[${index}]`,
        from,
        from + size,
        'struct',
        tables.length === 1 ? tables[0] : undefined,
        undefined,
        (element) => {
          const parts: FieldNode[] = [frame(element, '@mark', from, 1)];
          if (directKey) parts.push(frame(element, '@key', from + 1, 8));
          let place = from + 1 + keySize;
          if (tables.length === 1) return [...parts, ...walk(element, tables[0]!, place, from + size)];
          tables.forEach((table, i) => {
            const to = place + sizes[i]!;
            parts.push(
              new Branch(state, element, i === 0 ? 'key' : 'value', place, to, 'struct', table, undefined, (half) =>
                walk(half, table, half.start, half.end),
              ),
            );
            place = to;
          });
          return parts;
        },
      ),
    );
    at += size;
  }
  if (at >= end || state.bytes[at] !== 0) return lost(at, 'the end mark of the list is missing');
  children.push(frame(branch, '@end', at, 1));
  return at + 1 < end ? lost(at + 1, 'behind the end mark of the list') : children;
}
