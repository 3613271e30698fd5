// Changes to a device: values at their width, bytes inserted and removed, subsections added and dropped. Edits are
// collected against the tree as it was read, so paths do not change while edits are collected. They are applied
// together. The schema changes with the bytes, so the description stays true.

import { concatBytes } from '../base/bytes.js';
import { cannotEncode } from '../bytes/emitter.js';
import { encodeSubsectionHeader } from '../wire/subsection.js';
import { reshape, type Reshaping } from './edit-schema.js';
import { writeLeaf } from './encode.js';
import { valueFor, type EditValue } from './edit-value.js';
import type { Branch, DeviceState, FieldNode } from './node.js';
import type { Value } from './scalars.js';
import { findInDevice } from './select.js';
import { subsectionHeaderSize, type DeviceSchema, type VmsdSchema } from './schema.js';

/** The effect of an edit, for reports. */
export interface FieldChange {
  readonly kind: 'set' | 'set-bytes' | 'insert' | 'delete';
  /** `DEVICE[/INSTANCE].path`. */
  readonly path: string;
  /** Absolute offset in the input. */
  readonly offset: number;
  /** Bytes before and after the edit, as copies. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** Values of a scalar that was set. */
  readonly values?: readonly [Value, Value];
}

/** A device after its edits. `bytes` match `device`, so `decodeDevice(device, bytes)` decodes them. */
export interface EditedDevice {
  readonly device: DeviceSchema;
  readonly bytes: Uint8Array;
  /** In stream order. */
  readonly changes: readonly FieldChange[];
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly change: FieldChange;
}

/**
 * Edits of one device. Targets are nodes of `state`, or paths inside it that name exactly one node. Every method throws
 * MigrationStreamError code `cannot-encode` for an impossible edit, and then changes nothing.
 */
export class DeviceEdit {
  readonly state: DeviceState;
  private readonly splices: Splice[] = [];
  private readonly reshapings: Reshaping[] = [];

  constructor(state: DeviceState) {
    this.state = state;
  }

  /**
   * Replaces a value by another of the same width. Text is read by the field's type (`0x10`, `-1`, `true`, `null`). An
   * array takes as many values as it has elements. Bytes and arrays of bytes also take hex digits
   * (`52:54:00:12:34:56`). Text fields take their text.
   */
  set(target: FieldNode | string, value: EditValue): void {
    const node = this.nodeOf(target);
    const bytes = node.bytes.slice();
    const scratch = new Uint8Array(this.state.bytes.length);
    const view = new DataView(scratch.buffer);
    let values: readonly [Value, Value] | undefined;
    valueFor(node, value, (leaf, leafValue) => {
      writeLeaf(scratch, view, leaf, leafValue);
      bytes.set(scratch.subarray(leaf.start, leaf.end), leaf.start - node.start);
      if (leaf === node && leaf.scalar !== undefined) values = [leaf.value, leafValue];
    });
    this.splice('set', node, node.start, node.end, bytes, values);
  }

  /** Replaces raw bytes by the same number of bytes. */
  setBytes(target: FieldNode | string, bytes: Uint8Array): void {
    const node = this.nodeOf(target);
    const size = node.end - node.start;
    if (bytes.length !== size)
      throw cannotEncode(`${node.fullPath} has ${size} bytes, not ${bytes.length}; insert and delete change lengths`);
    this.splice('set-bytes', node, node.start, node.end, bytes.slice());
  }

  /**
   * Inserts bytes before or after a node. The description gets a field `inserted` for them where it can describe them.
   */
  insertBytes(target: FieldNode | string, bytes: Uint8Array, where: 'before' | 'after' = 'before'): void {
    const node = this.nodeOf(target);
    if (node.kind === 'leaf' && node.role === 'frame')
      throw cannotEncode(`${node.fullPath} is framing: nothing can be put there`);
    if (node.parent === undefined) throw cannotEncode(`${node.fullPath} is a whole device: name one of its fields`);
    if (node.kind === 'subsection' && (where === 'after' || before(node)?.kind === 'subsection')) {
      throw cannotEncode(`${node.fullPath} stands among subsections: nothing else can be put there`);
    }
    const at = where === 'before' ? node.start : node.end;
    this.splice('insert', node, at, at, bytes.slice());
    this.reshapings.push({ kind: 'insert', node, where, size: bytes.length });
  }

  /** Removes a field, an element, a subsection with its header, or opaque bytes from the stream. */
  deleteBytes(target: FieldNode | string): void {
    const node = this.nodeOf(target);
    if (node.parent === undefined) throw cannotEncode(`${node.fullPath} is a whole device: drop its section`);
    if (node.kind === 'leaf' && node.role === 'frame')
      throw cannotEncode(`${node.fullPath} is framing: take out what it frames`);
    this.splice('delete', node, node.start, node.end, new Uint8Array(0));
    this.reshapings.push({ kind: 'delete', node });
  }

  /**
   * Adds a subsection after the existing subsections of the table. `body` is the bytes after the header: fields, then
   * nested subsections, as `part` describes them.
   */
  insertSubsection(target: Branch | string, part: VmsdSchema, body: Uint8Array): void {
    const node = this.nodeOf(target);
    if (node.kind === 'leaf' || node.vmsd === undefined)
      throw cannotEncode(`${node.fullPath} has no fields, so no subsections`);
    const bytes = new Uint8Array(subsectionHeaderSize(part.name) + body.length);
    bytes.set(encodeSubsectionHeader(part.name, part.version));
    bytes.set(body, bytes.length - body.length);
    let at = node.start;
    for (const child of node.children()) if (child.name !== '@rest') at = child.end;
    this.splice('insert', node, at, at, bytes);
    this.reshapings.push({ kind: 'subsection', node, part, size: bytes.length });
  }

  /** True when there are no edits. */
  get empty(): boolean {
    return this.splices.length === 0;
  }

  /** Applies all edits. @throws MigrationStreamError code `cannot-encode` when two edits touch the same bytes */
  apply(): EditedDevice {
    const splices = [...this.splices].sort((x, y) => x.start - y.start || x.end - y.end);
    const parts: Uint8Array[] = [];
    let at = 0;
    for (const [index, { start, end, change }] of splices.entries()) {
      if (start < at) throw cannotEncode(`${change.path} is changed twice: also as ${splices[index - 1]!.change.path}`);
      parts.push(this.state.bytes.subarray(at, start), change.after);
      at = end;
    }
    parts.push(this.state.bytes.subarray(at));
    return {
      device: reshape(this.state.device, this.reshapings),
      bytes: concatBytes(parts),
      changes: splices.map(({ change }) => change),
    };
  }

  private splice(
    kind: FieldChange['kind'],
    node: FieldNode,
    start: number,
    end: number,
    after: Uint8Array,
    values?: readonly [Value, Value],
  ): void {
    const change: FieldChange = {
      kind,
      path: node.fullPath,
      offset: this.state.base + start,
      before: this.state.bytes.slice(start, end),
      after,
      ...(values === undefined ? {} : { values }),
    };
    this.splices.push({ start, end, change });
  }

  private nodeOf(target: FieldNode | string): FieldNode {
    if (typeof target !== 'string') {
      if (target.state !== this.state) throw new TypeError('a node of another device');
      return target;
    }
    const found = findInDevice(this.state, target);
    const [node] = found;
    if (node === undefined || found.length > 1)
      throw cannotEncode(`${found.length} fields of ${this.state.root.fullPath} are called ${target}`);
    return node;
  }
}

/** The sibling before a node. */
function before(node: FieldNode): FieldNode | undefined {
  let found: FieldNode | undefined;
  for (const child of node.parent?.children() ?? []) {
    if (child === node || child.start >= node.start) return found;
    found = child;
  }
  return found;
}
