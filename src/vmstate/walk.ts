// Makes the field tree from schema and payload. The walk checks the description against the bytes: it compares
// subsection headers and list marks, and checks sizes against the remaining bytes. Wherever description and bytes
// disagree, the rest of the table becomes one opaque leaf with the reason. Mirrors vmstate_load_state() and
// vmstate_subsection_load() of migration/vmstate.c.

import { quote } from '../base/quote.js';
import { listChildren } from './lists.js';
import {
  ArrayBranch,
  Branch,
  Leaf,
  type DeviceState,
  type Expand,
  type FieldNode,
  type LeafRole,
  type MakeElement,
  type Segment,
} from './node.js';
import { missedElements } from './null-arrays.js';
import { planOf, type Plan, type PlanCache } from './plan.js';
import type { DeviceRules, Retyped } from './rules.js';
import { isScalarType, pointerMark, PRESENT_MARK, scalarOf } from './scalars.js';
import { subsectionHeaderSize, vmsdSize, type DeviceSchema, type FieldSchema, type VmsdSchema } from './schema.js';

/**
 * The tree of a device's payload. Damage throws no error: opaque leaves hold the bytes that cannot be understood.
 * `rules` divide fields that the description leaves undivided. `base` is the offset of `bytes[0]` in the outermost
 * input. The tree keeps the bytes without copying them.
 */
export function decodeWith(rules: DeviceRules, device: DeviceSchema, bytes: Uint8Array, base: number): DeviceState {
  let root: Branch | undefined;
  const state: DeviceState = {
    device,
    rules,
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    base,
    // Tree and state refer to each other.
    get root() {
      return (root ??= new Branch(
        state,
        undefined,
        '',
        0,
        bytes.length,
        'device',
        device.vmsd,
        undefined,
        expandTable,
      ));
    },
  };
  return state;
}

const expandTable: Expand = (branch) => tableChildren(branch, branch.vmsd!, branch.start, branch.end);

const expandSubsection: Expand = (branch) => {
  const body = branch.start + subsectionHeaderSize(branch.vmsd!.name);
  return [
    new Leaf(branch, '@header', branch.start, body, 'frame'),
    ...tableChildren(branch, branch.vmsd!, body, branch.end),
  ];
};

const expandList: Expand = (branch) => listChildren(branch, branch.fields[0]!, tableChildren);

/** The fields and subsections of a table that fills `start` to `end`. */
function tableChildren(branch: Branch, vmsd: VmsdSchema, start: number, end: number): FieldNode[] {
  const children: FieldNode[] = [];
  const { runs, parts } = planIn(branch.plans, vmsd);
  const { bytes } = branch.state;
  let at = start;
  for (const { name, first, all } of runs) {
    const missed =
      first.count === undefined ? undefined : missedElements(branch.state.rules, vmsd, first, bytes, at, end);
    if (missed !== undefined) {
      const to = missed.reduce((sum, entry) => sum + sizeOf(entry, end), at);
      children.push(new ArrayBranch(branch, name, at, to, vmsd, first, segmentsOf(branch.state, missed, at), element));
      at = to;
      continue;
    }
    let to = at + sizeOf(first, end - at);
    if (all !== undefined) for (let i = 1; i < all.length; i += 1) to += sizeOf(all[i]!, end - to);
    if (!(to <= end)) {
      children.push(rest(branch, at, end, whyNot(first, at, end)));
      return children;
    }
    const plain = all === undefined && first.count === undefined;
    children.push(
      plain ? single(branch, vmsd, first, name, at, to) : arrayNode(branch, vmsd, first, all, name, at, to),
    );
    at = to;
  }
  for (const { name, part, header, size } of parts) {
    const problem = !(at + size <= end)
      ? 'no room for'
      : header?.every((byte, index) => bytes[at + index] === byte) === true
        ? undefined
        : 'there is no';
    if (problem !== undefined) {
      children.push(rest(branch, at, end, `${problem} subsection ${quote(part.name)}`));
      return children;
    }
    children.push(
      new Branch(branch.state, branch, name, at, at + size, 'subsection', part, undefined, expandSubsection),
    );
    at += size;
  }
  if (at < end) children.push(rest(branch, at, end, 'behind the last described field'));
  return children;
}

function planIn(plans: PlanCache | undefined, vmsd: VmsdSchema): Plan {
  const known = plans?.get(vmsd);
  if (known !== undefined) return known;
  const plan = planOf(vmsd);
  plans?.set(vmsd, plan);
  return plan;
}

/** NaN when the description gives no size, or a size above the remaining bytes. */
function sizeOf(field: FieldSchema, left: number): number {
  const total = (field.size ?? Number.NaN) * (field.count ?? 1);
  return total <= left ? total : Number.NaN;
}

function whyNot(field: FieldSchema, at: number, end: number): string {
  if (field.size === undefined) return `the description gives no size for ${quote(field.name)}`;
  return `${quote(field.name)} is described with ${field.size * (field.count ?? 1)} bytes, ${end - at} are left`;
}

function rest(branch: Branch, start: number, end: number, reason: string): Leaf {
  return new Leaf(branch, '@rest', start, end, 'opaque', undefined, undefined, reason);
}

/** A counted entry, or several entries with one name: an array in any of QEMU's spellings. */
function arrayNode(
  branch: Branch,
  vmsd: VmsdSchema,
  first: FieldSchema,
  all: readonly FieldSchema[] | undefined,
  name: string,
  start: number,
  end: number,
): FieldNode {
  const segments = segmentsOf(branch.state, all ?? [first], start);
  if (segments.length === 1 && segments[0]!.mark !== undefined) return pointed(branch, vmsd, segments[0]!, name);
  return new ArrayBranch(branch, name, start, end, vmsd, all ?? first, segments, element);
}

const element: MakeElement = (array, segment, index) => {
  if (segment.mark !== undefined) return pointed(array, array.owner, segment, `[${index}]`);
  const at = segment.start + (index - segment.first) * segment.stride;
  return single(array, array.owner, segment.field, `[${index}]`, at, at + segment.stride);
};

function segmentsOf(state: DeviceState, run: readonly FieldSchema[], start: number): Segment[] {
  const segments: Segment[] = [];
  let at = start;
  let first = 0;
  for (let i = 0; i < run.length; i += 1) {
    const field = run[i]!;
    const target = run[i + 1];
    const marked =
      field.type === 'ptr-marker' &&
      field.size === 1 &&
      state.bytes[at] === PRESENT_MARK &&
      target !== undefined &&
      target.type !== 'ptr-marker' &&
      target.count === undefined;
    if (marked) {
      const stride = 1 + target.size!;
      segments.push({ field: target, start: at, stride, first, count: 1, mark: field });
      at += stride;
      first += 1;
      i += 1;
      continue;
    }
    const stride = field.size!;
    // Elements without bytes are ignored: a description may claim any number of them.
    const count = field.count === undefined ? 1 : stride === 0 ? 0 : field.count;
    segments.push({ field, start: at, stride, first, count, mark: undefined });
    at += stride * count;
    first += count;
  }
  return segments;
}

/** An element after the mark of a pointer that is not null. */
function pointed(parent: Branch, vmsd: VmsdSchema, segment: Segment, name: string): Branch {
  const { field, start, stride, mark } = segment;
  const end = start + stride;
  const entries = mark === undefined ? field : [mark, field];
  return new Branch(parent.state, parent, name, start, end, 'struct', field.struct, entries, (branch) => {
    const present = new Leaf(branch, '@present', start, start + 1, 'frame', undefined, pointerMark);
    if (field.struct !== undefined) return [present, ...tableChildren(branch, field.struct, start + 1, end)];
    return [present, single(branch, vmsd, field, 'value', start + 1, end)];
  });
}

/** A single value: a scalar, a table, a list, decoded bytes, or raw bytes. */
function single(
  parent: Branch,
  vmsd: VmsdSchema,
  field: FieldSchema,
  name: string,
  start: number,
  end: number,
): FieldNode {
  const size = end - start;
  const scalar = scalarOf(field.type, size);
  if (scalar !== undefined)
    return new Leaf(
      parent,
      name,
      start,
      end,
      roleOf(parent.state, field, start, end),
      field,
      scalar,
      field.opaque ?? field.reserved,
    );
  const { state } = parent;
  if (field.struct !== undefined && !isEmpty(field.struct)) {
    return new Branch(state, parent, name, start, end, 'struct', field.struct, field, expandTable);
  }
  switch (field.type) {
    case 'struct':
      // Up to 9.2 a null pointer keeps its type, with an empty struct.
      if (size === 1) return new Leaf(parent, name, start, end, 'field', field, pointerMark);
      break;
    case 'text':
      return new Leaf(parent, name, start, end, 'field', field);
    case 'unused_buffer':
      return new Leaf(parent, name, start, end, 'unused', field);
    case 'bitmap':
      if (size % 8 === 0 && size > 0)
        return retyped(parent, vmsd, field, { type: 'uint64', size: 8, count: size / 8 }, name, start, end);
      break;
    case 'qtailq':
    case 'qlist':
    case 'gtree':
      return new Branch(state, parent, name, start, end, 'list', undefined, field, expandList);
  }
  const [table] = field.inline;
  if (table !== undefined && field.inline.length === 1) {
    return new Branch(state, parent, name, start, end, 'struct', table, field, expandTable);
  }
  return decoded(parent, vmsd, field, name, start, end);
}

function isEmpty({ name, fields, subsections }: VmsdSchema): boolean {
  return name === '' && fields.length === 0 && subsections.length === 0;
}

/** A rule may know the width of a value without its meaning, or may require it to be 0. */
function roleOf(state: DeviceState, field: FieldSchema, start: number, end: number): LeafRole {
  if (field.opaque !== undefined) return 'opaque';
  if (field.reserved === undefined) return 'field';
  for (let at = start; at < end; at += 1) if (state.bytes[at] !== 0) return 'opaque';
  return 'unused';
}

/** Asks the rules. Without an answer the bytes are opaque. */
function decoded(
  parent: Branch,
  vmsd: VmsdSchema,
  field: FieldSchema,
  name: string,
  start: number,
  end: number,
): FieldNode {
  const layout =
    field.opaque === undefined && end > start
      ? parent.state.rules.layout(field.type, vmsd.name, field.name, parent.state.device.name)
      : undefined;
  const { state } = parent;
  if (layout === undefined)
    return new Leaf(parent, name, start, end, 'opaque', field, undefined, field.opaque ?? reasonOf(field, end - start));
  const bytes = state.bytes.subarray(start, end);
  let answer: ReturnType<typeof layout>;
  try {
    answer = layout({
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      device: state.device.name,
      vmsd: vmsd.name,
      field: field.name,
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  if (answer === undefined)
    return new Leaf(
      parent,
      name,
      start,
      end,
      'opaque',
      field,
      undefined,
      `does not look like ${field.type === 'buffer' ? name : field.type}`,
    );
  if ('type' in answer) return retyped(parent, vmsd, field, answer, name, start, end);
  const table = answer;
  if (vmsdSize(table) !== end - start)
    return new Leaf(parent, name, start, end, 'opaque', field, undefined, `does not look like ${field.type}`);
  return new Branch(state, parent, name, start, end, 'decoded', table, field, expandTable);
}

/** The same bytes as elements of another type. */
function retyped(
  parent: Branch,
  vmsd: VmsdSchema,
  field: FieldSchema,
  as: Retyped,
  name: string,
  start: number,
  end: number,
): FieldNode {
  const retypedField: FieldSchema = {
    ...field,
    type: as.type,
    size: as.size,
    count: as.count,
    ...(as.opaque === undefined ? {} : { opaque: as.opaque }),
  };
  if (as.count === undefined) return single(parent, vmsd, retypedField, name, start, end);
  const segments = [{ field: retypedField, start, stride: as.size, first: 0, count: as.count, mark: undefined }];
  return new ArrayBranch(parent, name, start, end, vmsd, field, segments, element);
}

function reasonOf(field: FieldSchema, size: number): string {
  if (isScalarType(field.type)) return `described as ${size} bytes of ${field.type}`;
  if (field.type === 'struct') return 'a struct without fields';
  return field.type === '' ? 'of no type' : `type ${quote(field.type)}: the description does not say what is in it`;
}
