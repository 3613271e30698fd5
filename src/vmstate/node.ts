// The field tree: the bytes of a device payload, by path. Leaves tile the payload. Branches consist of their children,
// which are made on request, so a look at one register costs one register. Nodes refer to the payload and never own it.

import { span, type Span } from '../base/span.js';
import type { Plan, PlanCache } from './plan.js';
import type { DeviceRules } from './rules.js';
import type { DeviceSchema, FieldSchema, VmsdSchema } from './schema.js';
import type { Scalar, Value } from './scalars.js';

/** A device's payload with its tree. Immutable: edits make a new state (edit.ts). */
export interface DeviceState {
  readonly device: DeviceSchema;
  /** The rules that divided the fields that the description leaves undivided. */
  readonly rules: DeviceRules;
  /** The payload: the bytes between the section's header and its footer. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offset of `bytes[0]` in the outermost input. */
  readonly base: number;
  readonly root: Branch;
}

export type FieldNode = Leaf | Branch;

/**
 * The kind of a leaf's bytes: a described field; framing that the walk itself understands (subsection headers, list
 * marks, counts); bytes that QEMU ignores on load; or bytes that are not decoded, for `reason`.
 */
export type LeafRole = 'field' | 'frame' | 'unused' | 'opaque';

/** What leaves and branches share. */
export abstract class NodeBase {
  readonly state: DeviceState;
  /** Undefined for the device itself. */
  readonly parent: Branch | undefined;
  /** The last step of the path: the name of a field or subsection, `[3]`, or `@…` for bytes without a name in QEMU. */
  readonly name: string;
  /** Bytes from the start of the payload. */
  readonly start: number;
  readonly end: number;

  constructor(state: DeviceState, parent: Branch | undefined, name: string, start: number, end: number) {
    this.state = state;
    this.parent = parent;
    this.name = name;
    this.start = start;
    this.end = end;
  }

  /** Path inside the device, e.g. `env.regs[3]`, `cpu/msr_tsc_adjust.env.tsc_adjust`; empty for the device itself. */
  get path(): string {
    const above = this.parent?.path ?? '';
    return above === '' || this.name.startsWith('[') ? above + this.name : `${above}.${this.name}`;
  }

  /** Path with the device in front: `DEVICE[/INSTANCE].path`; the instance is left out when it is 0. */
  get fullPath(): string {
    const device = deviceLabel(this.state.device);
    return this.parent === undefined ? device : `${device}.${this.path}`;
  }

  /** Absolute offset in the outermost input. */
  get span(): Span {
    return span(this.state.base + this.start, this.state.base + this.end);
  }

  /** The bytes, as a view of the payload. */
  get bytes(): Uint8Array {
    return this.state.bytes.subarray(this.start, this.end);
  }
}

/** Bytes that are not divided further. */
export class Leaf extends NodeBase {
  readonly role: LeafRole;
  /** The schema entry that describes the leaf; undefined for framing and for bytes that no entry covers. */
  readonly field: FieldSchema | undefined;
  /** Undefined: `value` is the raw bytes. */
  readonly scalar: Scalar | undefined;
  /** The reason why the bytes are opaque. */
  readonly reason: string | undefined;

  /** The walk makes thousands of them: the arguments are therefore no object. */
  constructor(
    parent: Branch,
    name: string,
    start: number,
    end: number,
    role: LeafRole,
    field?: FieldSchema,
    scalar?: Scalar,
    reason?: string,
  ) {
    super(parent.state, parent, name, start, end);
    this.role = role;
    this.field = field;
    this.scalar = scalar;
    this.reason = reason;
  }

  /** On the prototype, because there are very many leaves. */
  get kind(): 'leaf' {
    return 'leaf';
  }

  /** The typed value; bytes are a view of the payload. */
  get value(): Value {
    return this.scalar === undefined ? this.bytes : this.scalar.read(this.state.view, this.start);
  }
}

/** A QEMUTimer: its expiry time, in nanoseconds of its clock. */
export function isTimer(leaf: Leaf): boolean {
  return leaf.scalar?.kind === 'timer';
}

/**
 * `device`, `struct`, `subsection`: a table of fields. `array`: elements. `list`: elements with marks between them.
 * `decoded`: bytes that the description leaves opaque and one of our decoders divides.
 */
export type BranchKind = 'device' | 'struct' | 'subsection' | 'array' | 'list' | 'decoded';

/** The function that makes the children of a branch. */
export type Expand = (branch: Branch) => readonly FieldNode[];

/** Entries of a table: usually a single entry. */
export type Entries = FieldSchema | readonly FieldSchema[] | undefined;

/** Most tables of decoders are constants. */
const decodersPlans: PlanCache = new WeakMap<VmsdSchema, Plan>();

/** A node with children. The children are in stream order and tile the node. */
export class Branch extends NodeBase {
  readonly kind: BranchKind;
  /** The table that the children come from; undefined for arrays and lists. */
  readonly vmsd: VmsdSchema | undefined;
  /**
   * Plans of repeated tables (in arrays, and in bytes that decoders divide), so that each plan is made once.
   * @internal
   */
  readonly plans: PlanCache | undefined;
  private readonly entries: Entries;
  private known: readonly FieldNode[] | undefined;
  private readonly expand: Expand;

  constructor(
    state: DeviceState,
    parent: Branch | undefined,
    name: string,
    start: number,
    end: number,
    kind: BranchKind,
    vmsd: VmsdSchema | undefined,
    entries: Entries,
    expand: Expand,
  ) {
    super(state, parent, name, start, end);
    this.kind = kind;
    this.vmsd = vmsd;
    this.entries = entries;
    this.expand = expand;
    this.plans = kind === 'decoded' ? decodersPlans : parent?.plansForChildren();
  }

  /**
   * The entries of the parent's table that the node comes from: a single entry, or all entries of an array; none for
   * devices and subsections.
   */
  get fields(): readonly FieldSchema[] {
    const { entries } = this;
    return entries === undefined ? [] : 'type' in entries ? [entries] : entries;
  }

  /** The children. They may be requested repeatedly. */
  children(): Iterable<FieldNode> {
    return (this.known ??= this.expand(this));
  }

  /** @internal */
  plansForChildren(): PlanCache | undefined {
    return this.plans;
  }
}

/** Consecutive elements that a single entry describes. */
export interface Segment {
  readonly field: FieldSchema;
  readonly start: number;
  /** Bytes of an element, including its mark. */
  readonly stride: number;
  readonly first: number;
  readonly count: number;
  /** Since 11.1: the entry of the mark before the element. The mark says that the pointer is not null. */
  readonly mark: FieldSchema | undefined;
}

/** Makes an element. */
export type MakeElement = (array: ArrayBranch, segment: Segment, index: number) => FieldNode;

/** An array. Its elements are made on request and not kept, so a million elements need no memory. */
export class ArrayBranch extends Branch {
  readonly length: number;
  readonly segments: readonly Segment[];
  /** The table that contains the array as a field. */
  readonly owner: VmsdSchema;
  private readonly make: MakeElement;
  private elementPlans: PlanCache | undefined;

  constructor(
    parent: Branch,
    name: string,
    start: number,
    end: number,
    owner: VmsdSchema,
    entries: Entries,
    segments: readonly Segment[],
    make: MakeElement,
  ) {
    super(parent.state, parent, name, start, end, 'array', undefined, entries, noChildren);
    this.owner = owner;
    this.segments = segments;
    this.make = make;
    const last = segments.at(-1);
    this.length = last === undefined ? 0 : last.first + last.count;
  }

  override *children(): Iterable<FieldNode> {
    for (const segment of this.segments) {
      for (let index = segment.first; index < segment.first + segment.count; index += 1)
        yield this.make(this, segment, index);
    }
  }

  /** The element with that index; undefined outside. */
  at(index: number): FieldNode | undefined {
    const { segments } = this;
    if (!Number.isInteger(index)) return undefined;
    const holds = (run: Segment | undefined): boolean =>
      run !== undefined && index >= run.first && index < run.first + run.count;
    // When one run covers all elements, the index is the position. Otherwise there are few runs.
    const segment = holds(segments[index]) ? segments[index] : segments.find(holds);
    return segment === undefined ? undefined : this.make(this, segment, index);
  }

  /**
   * A table repeats only where a single entry describes many elements.
   * @internal
   */
  override plansForChildren(): PlanCache | undefined {
    if (this.segments.length === this.length) return this.plans;
    return (this.elementPlans ??= this.plans ?? new Map<VmsdSchema, Plan>());
  }
}

const noChildren: Expand = () => [];

/** `DEVICE`, or `DEVICE/INSTANCE` when the instance is not 0. */
export function deviceLabel(device: { readonly name: string; readonly instanceId: number }): string {
  return device.instanceId === 0 ? device.name : `${device.name}/${device.instanceId}`;
}

/** All leaves below a node, in stream order. */
export function visitLeaves(node: FieldNode, visit: (leaf: Leaf) => void): void {
  if (node.kind === 'leaf') visit(node);
  else for (const child of node.children()) visitLeaves(child, visit);
}

/** All leaves below a node, as an iterator that can be stopped at any time. */
export function* leaves(node: FieldNode): Generator<Leaf> {
  if (node.kind === 'leaf') {
    yield node;
    return;
  }
  // A stack instead of recursion: a leaf nine levels down would pass through nine generators.
  const stack = [node.children()[Symbol.iterator]()];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.next();
    if (next.done === true) stack.pop();
    else if (next.value.kind === 'leaf') yield next.value;
    else stack.push(next.value.children()[Symbol.iterator]());
  }
}
