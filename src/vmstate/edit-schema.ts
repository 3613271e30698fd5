// The schema of a device after bytes were inserted or removed. Entries are added and dropped where the description has
// them, and the sizes of all enclosing tables are corrected. Some places have no entry: inside an array that a single
// entry describes, or inside bytes that only our decoders divide. There the whole entry gets its new size and stays, or
// becomes, a buffer.

import type { ArrayBranch, Branch, FieldNode } from './node.js';
import {
  fieldSize,
  plainField,
  subsectionHeaderSize,
  vmsdSize,
  type DeviceSchema,
  type FieldSchema,
  type VmsdSchema,
} from './schema.js';

export type Reshaping =
  | { readonly kind: 'insert'; readonly node: FieldNode; readonly where: 'before' | 'after'; readonly size: number }
  | { readonly kind: 'delete'; readonly node: FieldNode }
  | { readonly kind: 'subsection'; readonly node: Branch; readonly part: VmsdSchema; readonly size: number };

/** The change of each entry; entries are compared by identity. */
interface Plan {
  readonly dropped: Set<FieldSchema | VmsdSchema>;
  readonly before: Map<FieldSchema, FieldSchema[]>;
  readonly after: Map<FieldSchema, FieldSchema[]>;
  /** The change in bytes inside an entry that contains no entries, or after the last entry of a table. */
  readonly grown: Map<FieldSchema | VmsdSchema, number>;
  readonly last: Map<VmsdSchema, FieldSchema[]>;
  readonly parts: Map<VmsdSchema, VmsdSchema[]>;
}

/** The description of the device after all changes. */
export function reshape(device: DeviceSchema, changes: readonly Reshaping[]): DeviceSchema {
  if (changes.length === 0) return device;
  const plan: Plan = {
    dropped: new Set(),
    before: new Map(),
    after: new Map(),
    grown: new Map(),
    last: new Map(),
    parts: new Map(),
  };
  for (const change of changes) {
    const delta = change.kind === 'delete' ? change.node.start - change.node.end : change.size;
    const blob = undivided(change.node, change.kind === 'subsection');
    if (blob !== undefined) grow(plan, blob, delta);
    else place(plan, change, delta);
  }
  const { vmsd, delta } = rebuild(device.vmsd, plan);
  return { ...device, size: device.size === undefined ? undefined : device.size + delta, vmsd };
}

function place(plan: Plan, change: Reshaping, delta: number): void {
  const { node } = change;
  if (change.kind === 'subsection') {
    push(plan.parts, node.kind === 'leaf' ? undefined : node.vmsd, change.part);
    return;
  }
  const fields = node.kind === 'leaf' ? (node.field === undefined ? [] : [node.field]) : node.fields;
  const first = fields[0];
  const last = fields.at(-1);
  if (first === undefined || last === undefined) {
    // A subsection, or bytes that no entry describes.
    const part = node.kind === 'subsection' ? node.vmsd : undefined;
    const table = tableOf(node.parent);
    if (change.kind === 'delete' && part !== undefined) plan.dropped.add(part);
    // To insert before the first subsection, append after the last field.
    else if (part !== undefined && table !== undefined && change.kind === 'insert')
      push(plan.last, table, plainField('inserted', 'buffer', change.size));
    else if (table !== undefined) grow(plan, table, delta);
    return;
  }
  if (change.kind === 'delete') for (const field of fields) plan.dropped.add(field);
  else if (change.where === 'before') push(plan.before, first, plainField('inserted', 'buffer', change.size));
  else push(plan.after, last, plainField('inserted', 'buffer', change.size));
}

/**
 * The outermost entry around the node for which the description shows no inside; undefined when the description shows
 * the node.
 */
function undivided(node: FieldNode, inside: boolean): FieldSchema | undefined {
  let found: FieldSchema | undefined;
  let below: FieldNode | undefined = inside ? undefined : node;
  for (let branch = inside ? (node as Branch) : node.parent; branch !== undefined; branch = branch.parent) {
    const field = branch.fields[0];
    if (field !== undefined && branch.kind === 'decoded') found = field;
    if (field !== undefined && branch.kind === 'list') found = field;
    if (field !== undefined && branch.kind === 'array' && below !== undefined) {
      const segment = (branch as ArrayBranch).segments.find(
        (run) => below!.start >= run.start && below!.start < run.start + run.stride * run.count,
      );
      const shown = segment !== undefined && segment.field.count === undefined && branch.fields.includes(segment.field);
      if (!shown) found = segment === undefined || !branch.fields.includes(segment.field) ? field : segment.field;
    }
    below = branch;
  }
  return found;
}

function tableOf(branch: Branch | undefined): VmsdSchema | undefined {
  let at = branch;
  while (at !== undefined && at.vmsd === undefined) at = at.parent;
  return at?.vmsd;
}

function grow(plan: Plan, what: FieldSchema | VmsdSchema, delta: number): void {
  plan.grown.set(what, (plan.grown.get(what) ?? 0) + delta);
}

function push<K, V>(map: Map<K, V[]>, key: K | undefined, value: V): void {
  if (key === undefined) return;
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function rebuild(vmsd: VmsdSchema, plan: Plan): { readonly vmsd: VmsdSchema; readonly delta: number } {
  let delta = plan.grown.get(vmsd) ?? 0;
  const fields: FieldSchema[] = [];
  for (const field of vmsd.fields) {
    for (const added of plan.before.get(field) ?? []) {
      fields.push(added);
      delta += added.size!;
    }
    if (plan.dropped.has(field)) delta -= fieldSize(field) ?? 0;
    else {
      const rebuilt = rebuildField(field, plan);
      fields.push(rebuilt.field);
      delta += rebuilt.delta;
    }
    for (const added of plan.after.get(field) ?? []) {
      fields.push(added);
      delta += added.size!;
    }
  }
  for (const added of plan.last.get(vmsd) ?? []) {
    fields.push(added);
    delta += added.size!;
  }
  const subsections: VmsdSchema[] = [];
  for (const part of vmsd.subsections) {
    if (plan.dropped.has(part)) {
      delta -= subsectionHeaderSize(part.name) + (vmsdSize(part) ?? 0);
      continue;
    }
    const rebuilt = rebuild(part, plan);
    subsections.push(rebuilt.vmsd);
    delta += rebuilt.delta;
  }
  for (const part of plan.parts.get(vmsd) ?? []) {
    subsections.push(part);
    delta += subsectionHeaderSize(part.name) + (vmsdSize(part) ?? 0);
  }
  const same =
    fields.length === vmsd.fields.length &&
    subsections.length === vmsd.subsections.length &&
    fields.every((field, i) => field === vmsd.fields[i]) &&
    subsections.every((subsection, i) => subsection === vmsd.subsections[i]);
  return { vmsd: same ? vmsd : { ...vmsd, fields, subsections }, delta };
}

function rebuildField(field: FieldSchema, plan: Plan): { readonly field: FieldSchema; readonly delta: number } {
  const grown = plan.grown.get(field);
  if (grown !== undefined) {
    const size = (fieldSize(field) ?? 0) + grown;
    const type =
      field.count === undefined && field.struct === undefined && field.inline.length === 0 ? field.type : 'buffer';
    return { field: { ...field, type, size, count: undefined, struct: undefined, inline: [] }, delta: grown };
  }
  if (field.struct === undefined && field.inline.length === 0) return { field, delta: 0 };
  const struct = field.struct === undefined ? undefined : rebuild(field.struct, plan);
  const inline = field.inline.map((table) => rebuild(table, plan));
  const delta = (struct?.delta ?? 0) + inline.reduce((sum, nested) => sum + nested.delta, 0);
  if (struct?.vmsd === field.struct && inline.every((nested, i) => nested.vmsd === field.inline[i]))
    return { field: delta === 0 ? field : { ...field, size: sum(field.size, delta) }, delta };
  const size = sum(field.size, delta);
  return { field: { ...field, size, struct: struct?.vmsd, inline: inline.map((nested) => nested.vmsd) }, delta };
}

function sum(size: number | undefined, delta: number): number | undefined {
  return size === undefined ? undefined : size + delta;
}
