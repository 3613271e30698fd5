// What two streams say of the layout of a device: fields by path with type and size, tables with their versions. No
// values.

import type { FieldSchema, VmsdSchema } from '../../vmstate/index.js';

/** Deeper tables are not entered: no QEMU nests that deep. */
const MAX_DEPTH = 64;

/** `path` of each field and table, with what is said of it. */
export function schemaRows(vmsd: VmsdSchema): Map<string, string> {
  const rows = new Map<string, string>();
  addTable(rows, vmsd, '', 0);
  return rows;
}

function addTable(rows: Map<string, string>, vmsd: VmsdSchema, path: string, depth: number): void {
  if (depth > MAX_DEPTH) return;
  if (vmsd.name !== '') rows.set(joined(path, '@table'), `${vmsd.name} version ${vmsd.version}`);
  const { fields } = vmsd;
  for (let at = 0; at < fields.length;) {
    const field = fields[at]!;
    // An array is one entry with a count, or an entry for each element, as the release spells it.
    let next = at + 1;
    let count = field.count ?? 1;
    while (next < fields.length && fields[next]!.name === field.name) {
      count += fields[next]!.count ?? 1;
      next += 1;
    }
    const array = field.count !== undefined || next > at + 1;
    const name = joined(path, field.name);
    rows.set(name, `${typeText(field)}${array ? ` × ${count}` : ''}`);
    if (field.struct !== undefined) addTable(rows, field.struct, name, depth + 1);
    for (const table of field.inline) addTable(rows, table, name, depth + 1);
    at = next;
  }
  for (const part of vmsd.subsections) {
    const name = joined(path, part.name);
    rows.set(name, `subsection version ${part.version}`);
    addTable(rows, part, name, depth + 1);
  }
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function typeText({ type, size }: FieldSchema): string {
  return size === undefined ? type : `${type} ${size}`;
}
