// From schema and payload to the field tree. The walk trusts a description only as far as the bytes allow: subsection
// headers and list marks are compared, sizes checked against what is left, and wherever the two part, the rest of that
// table becomes one opaque leaf with the reason. Mirrors vmstate_load_state() and vmstate_subsection_load() of
// migration/vmstate.c. May import base.

import { quote } from '../base/quote.js';
import { layoutRule } from './decoders/table.js';
import { listChildren } from './lists.js';
import { ArrayBranch, Branch, Leaf, type DeviceState, type FieldNode, type LeafRole, type Segment } from './node.js';
import { planOf, type Run } from './plan.js';
import { isScalarType, pointerMark, PRESENT_MARK, scalarOf } from './scalars.js';
import { subsectionHeaderSize, vmsdSize, type DeviceSchema, type FieldSchema, type VmsdSchema } from './schema.js';

/**
 * The tree of one device's payload. Nothing is thrown for damage: what cannot be understood is in opaque leaves.
 * `base` is the offset of `bytes[0]` in the outermost input. The bytes are kept, not copied.
 */
export function decodeDevice(device: DeviceSchema, bytes: Uint8Array, base = 0): DeviceState {
  const state: { -readonly [K in keyof DeviceState]: DeviceState[K] } = {
    device,
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    base,
    root: undefined as unknown as Branch,
  };
  state.root = new Branch(
    { state, parent: undefined, name: '', start: 0, end: bytes.length },
    { kind: 'device', vmsd: device.vmsd, fields: [], expand: (branch) => tableChildren(branch, device.vmsd, 0, bytes.length) },
  );
  return state;
}

/** The fields and subsections of a table that fills `start` to `end`. */
export function tableChildren(branch: Branch, vmsd: VmsdSchema, start: number, end: number): FieldNode[] {
  const children: FieldNode[] = [];
  const { runs, parts } = planOf(vmsd);
  const { bytes } = branch.state;
  let at = start;
  for (const run of runs) {
    const { fields } = run;
    let to = at;
    for (const field of fields) to += sizeOf(field, end - to);
    if (!(to <= end)) {
      children.push(rest(branch, at, end, whyNot(fields[0]!, at, end)));
      return children;
    }
    children.push(fieldNode(branch, vmsd, run, at, to));
    at = to;
  }
  for (const { name, part, header, size } of parts) {
    const problem = !(at + size <= end) ? 'no room for' : header?.every((byte, index) => bytes[at + index] === byte) === true ? undefined : 'there is no';
    if (problem !== undefined) {
      children.push(rest(branch, at, end, `${problem} subsection ${quote(part.name)}`));
      return children;
    }
    children.push(subsectionNode(branch, name, part, at, at + size));
    at += size;
  }
  if (at < end) children.push(rest(branch, at, end, 'behind the last described field'));
  return children;
}

/** NaN when the description does not say, or says more than there is. */
function sizeOf(field: FieldSchema, left: number): number {
  const total = (field.size ?? Number.NaN) * (field.count ?? 1);
  return total <= left ? total : Number.NaN;
}

function whyNot(field: FieldSchema, at: number, end: number): string {
  if (field.size === undefined) return `the description gives no size for ${quote(field.name)}`;
  return `${quote(field.name)} is described with ${field.size * (field.count ?? 1)} bytes, ${end - at} are left`;
}

function rest(branch: Branch, start: number, end: number, reason: string): Leaf {
  return new Leaf(branch, '@rest', start, end, { role: 'opaque', reason });
}

function subsectionNode(parent: Branch, name: string, part: VmsdSchema, start: number, end: number): Branch {
  const body = start + subsectionHeaderSize(part.name);
  return new Branch(
    { parent, name, start, end },
    {
      kind: 'subsection',
      vmsd: part,
      fields: [],
      expand: (branch) => [new Leaf(branch, '@header', start, body, { role: 'frame' }), ...tableChildren(branch, part, body, end)],
    },
  );
}

/** One entry of a table, or several of one name: an array, however QEMU spelt it. */
function fieldNode(branch: Branch, vmsd: VmsdSchema, run: Run, start: number, end: number): FieldNode {
  const { name, fields } = run;
  const [only] = fields as [FieldSchema];
  if (fields.length === 1 && only.count === undefined) return single(branch, vmsd, only, name, start, end);
  const segments = segmentsOf(branch.state, fields, start);
  const [first] = segments;
  if (segments.length === 1 && first!.mark !== undefined) return pointed(branch, vmsd, first!, name);
  return new ArrayBranch({ parent: branch, name, start, end }, fields, segments, (array, segment, index) => {
    if (segment.mark !== undefined) return pointed(array, vmsd, segment, `[${index}]`);
    const at = segment.start + (index - segment.first) * segment.stride;
    return single(array, vmsd, segment.field, `[${index}]`, at, at + segment.stride);
  });
}

function segmentsOf(state: DeviceState, run: readonly FieldSchema[], start: number): Segment[] {
  const segments: Segment[] = [];
  let at = start;
  let first = 0;
  for (let i = 0; i < run.length; i += 1) {
    const field = run[i]!;
    const target = run[i + 1];
    const marked = field.type === 'ptr-marker' && field.size === 1 && state.bytes[at] === PRESENT_MARK && target !== undefined && target.type !== 'ptr-marker' && target.count === undefined;
    if (marked) {
      const stride = 1 + target.size!;
      segments.push({ field: target, start: at, stride, first, count: 1, mark: field });
      at += stride;
      first += 1;
      i += 1;
      continue;
    }
    const stride = field.size!;
    // Elements without bytes are none: a description may claim any number of them.
    const count = field.count === undefined ? 1 : stride === 0 ? 0 : field.count;
    segments.push({ field, start: at, stride, first, count, mark: undefined });
    at += stride * count;
    first += count;
  }
  return segments;
}

/** An element behind the mark of a pointer that is not null. */
function pointed(parent: Branch, vmsd: VmsdSchema, segment: Segment, name: string): Branch {
  const { field, start, stride, mark } = segment;
  const end = start + stride;
  return new Branch(
    { parent, name, start, end },
    {
      kind: 'struct',
      vmsd: field.struct,
      fields: mark === undefined ? [field] : [mark, field],
      expand: (branch) => {
        const present = new Leaf(branch, '@present', start, start + 1, { role: 'frame', scalar: pointerMark });
        if (field.struct !== undefined) return [present, ...tableChildren(branch, field.struct, start + 1, end)];
        return [present, single(branch, vmsd, field, 'value', start + 1, end)];
      },
    },
  );
}

/** One value: a scalar, a table, a list, decoded bytes, or bytes. */
function single(parent: Branch, vmsd: VmsdSchema, field: FieldSchema, name: string, start: number, end: number): FieldNode {
  const size = end - start;
  const scalar = scalarOf(field.type, size);
  if (scalar !== undefined) return new Leaf(parent, name, start, end, { role: roleOf(parent.state, field, start, end), field, scalar, reason: field.opaque });
  const place = { parent, name, start, end };
  if (field.struct !== undefined && !isEmpty(field.struct)) {
    const table = field.struct;
    return new Branch(place, { kind: 'struct', vmsd: table, fields: [field], expand: (branch) => tableChildren(branch, table, start, end) });
  }
  switch (field.type) {
    case 'struct':
      // Up to 9.2 a null pointer keeps its type, with an empty struct.
      if (size === 1) return new Leaf(parent, name, start, end, { role: 'field', field, scalar: pointerMark });
      break;
    case 'text':
      return new Leaf(parent, name, start, end, { role: 'field', field });
    case 'unused_buffer':
      return new Leaf(parent, name, start, end, { role: 'unused', field });
    case 'bitmap':
      if (size % 8 === 0 && size > 0) return retyped(parent, vmsd, field, { type: 'uint64', size: 8, count: size / 8 }, name, start, end);
      break;
    case 'qtailq':
    case 'qlist':
    case 'gtree':
      return new Branch(place, { kind: 'list', vmsd: undefined, fields: [field], expand: (branch) => listChildren(branch, field, tableChildren) });
  }
  const [table] = field.inline;
  if (table !== undefined && field.inline.length === 1) {
    return new Branch(place, { kind: 'struct', vmsd: table, fields: [field], expand: (branch) => tableChildren(branch, table, start, end) });
  }
  return decoded(parent, vmsd, field, name, start, end);
}

function isEmpty({ name, fields, subsections }: VmsdSchema): boolean {
  return name === '' && fields.length === 0 && subsections.length === 0;
}

/** A decoder may know how wide a value is and not what it means: then all but 0 is opaque. */
function roleOf(state: DeviceState, field: FieldSchema, start: number, end: number): LeafRole {
  if (field.opaque === undefined) return 'field';
  for (let at = start; at < end; at += 1) if (state.bytes[at] !== 0) return 'opaque';
  return 'unused';
}

/** Asks our decoders; without an answer the bytes are opaque. */
function decoded(parent: Branch, vmsd: VmsdSchema, field: FieldSchema, name: string, start: number, end: number): FieldNode {
  const layout = field.opaque === undefined && end > start ? layoutRule(field.type, vmsd.name, field.name) : undefined;
  const { state } = parent;
  if (layout === undefined) return new Leaf(parent, name, start, end, { role: 'opaque', field, reason: field.opaque ?? reasonOf(field, end - start) });
  const bytes = state.bytes.subarray(start, end);
  let answer: ReturnType<typeof layout>;
  try {
    answer = layout({ bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), device: state.device.name, vmsd: vmsd.name, field: field.name });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  if (answer === undefined) return new Leaf(parent, name, start, end, { role: 'opaque', field, reason: `does not look like ${field.type === 'buffer' ? name : field.type}` });
  if ('type' in answer) return retyped(parent, vmsd, field, answer, name, start, end);
  const table = answer;
  if (vmsdSize(table) !== end - start) return new Leaf(parent, name, start, end, { role: 'opaque', field, reason: `does not look like ${field.type}` });
  return new Branch({ parent, name, start, end }, { kind: 'decoded', vmsd: table, fields: [field], expand: (branch) => tableChildren(branch, table, start, end) });
}

/** The same bytes as elements of another type. */
function retyped(
  parent: Branch,
  vmsd: VmsdSchema,
  field: FieldSchema,
  as: { readonly type: string; readonly size: number; readonly count: number | undefined },
  name: string,
  start: number,
  end: number,
): FieldNode {
  const element: FieldSchema = { ...field, type: as.type, size: as.size, count: as.count };
  if (as.count === undefined) return single(parent, vmsd, element, name, start, end);
  const segments = [{ field: element, start, stride: as.size, first: 0, count: as.count, mark: undefined }];
  return new ArrayBranch({ parent, name, start, end }, [field], segments, (array, segment, index) => {
    const at = start + index * segment.stride;
    return single(array, vmsd, element, `[${index}]`, at, at + segment.stride);
  });
}

function reasonOf(field: FieldSchema, size: number): string {
  if (isScalarType(field.type)) return `described as ${size} bytes of ${field.type}`;
  if (field.type === 'struct') return 'a struct without fields';
  return field.type === '' ? 'of no type' : `type ${quote(field.type)}: the description does not say what is in it`;
}
