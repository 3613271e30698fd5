// A device's tree as rows that tile its payload: a leaf each, or a whole array of numbers. What every view of fields is
// made of (text, JSON, documents that can be edited), so that a tree that is too wide or too deep is cut in one place.

import { equalBytes } from '../../base/bytes.js';
import { MAX_FIELD_PATH, MAX_FIELD_ROWS } from '../../limits.js';
import { meaningOf, type Meaning } from '../../devices/index.js';
import { ArrayBranch, type FieldNode, type Leaf, type LeafRole, type Scalar } from '../../vmstate/index.js';

export interface FieldRow {
  /** Inside the device. */
  readonly path: string;
  /** Bytes from the start of the payload. */
  readonly start: number;
  readonly end: number;
  readonly role: LeafRole;
  /** Of the value, or of each element; undefined: only bytes. */
  readonly scalar: Scalar | undefined;
  /** A text that NULs fill up. */
  readonly text: boolean;
  /** Undefined: a single value. */
  readonly count: number | undefined;
  /** Why it is opaque. */
  readonly reason: string | undefined;
  /** Undefined: where the tree was cut, or folded. */
  readonly node: FieldNode | undefined;
  /** Elements that are not shown one by one, in words; only when folding was asked for. */
  readonly folded?: string;
}

/** Enough elements to see whether they have names of their own. */
const NAMED = 64;

/** Elements that differ from the one before, as many as a folded array shows. */
const SHOWN = 16;

/** Elements in a row that are not shown. */
class Fold {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly words: string;

  constructor(first: number, last: number, start: number, end: number, words: string) {
    this.name = first === last ? `[${first}]` : `[${first}-${last}]`;
    this.start = start;
    this.end = end;
    this.words = words;
  }
}

/**
 * The rows below `top`, a device or a part of one. Lazy: an array of a million weighs nothing. `fold`: of long arrays
 * of tables only what differs, and not all of it.
 */
export function* fieldRows(top: FieldNode, fold = false): Generator<FieldRow> {
  const whole = top.parent === undefined ? undefined : rowOf(top, top.path);
  if (whole !== undefined) {
    yield whole;
    return;
  }
  let rows = 0;
  const stack: { readonly path: string; readonly nodes: Iterator<FieldNode | Fold> }[] = [];
  const enter = (node: FieldNode, path: string): void => {
    if (node.kind === 'leaf') return;
    const nodes = fold && node instanceof ArrayBranch ? folded(node) : node.children();
    stack.push({ path, nodes: nodes[Symbol.iterator]() });
  };
  enter(top, top.path);
  for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
    const next = level.nodes.next();
    if (next.done === true) {
      stack.pop();
      continue;
    }
    const node = next.value;
    if (rows >= MAX_FIELD_ROWS) {
      yield cut('@cut', node.start, top.end, `more than ${MAX_FIELD_ROWS} fields`);
      return;
    }
    const path = level.path === '' || node.name.startsWith('[') ? level.path + node.name : `${level.path}.${node.name}`;
    if (path.length > MAX_FIELD_PATH) {
      rows += 1;
      yield cut(`${level.path.slice(0, MAX_FIELD_PATH)}.@deep${rows}`, node.start, node.end, 'nested too deep');
      continue;
    }
    if (node instanceof Fold) {
      rows += 1;
      yield { ...cut(path, node.start, node.end, ''), role: 'field', reason: undefined, folded: node.words };
      continue;
    }
    const row = rowOf(node, path);
    if (row === undefined) enter(node, path);
    else {
      rows += 1;
      yield row;
    }
  }
}

function cut(path: string, start: number, end: number, reason: string): FieldRow {
  return {
    path,
    start,
    end,
    role: 'opaque',
    scalar: undefined,
    text: false,
    count: undefined,
    reason,
    node: undefined,
  };
}

/** Elements with the bytes of the one before are told of together. */
function* folded(array: ArrayBranch): Generator<FieldNode | Fold> {
  let before: FieldNode | undefined;
  let shown = 0;
  let same: { first: number; start: number; end: number } | undefined;
  let index = 0;
  for (const node of array.children()) {
    if (before !== undefined && equalBytes(before.bytes, node.bytes)) {
      same = { first: same?.first ?? index, start: same?.start ?? node.start, end: node.end };
    } else {
      if (same !== undefined) yield new Fold(same.first, index - 1, same.start, same.end, `as ${before!.name}`);
      same = undefined;
      if (shown >= SHOWN) {
        yield new Fold(index, array.length - 1, node.start, array.end, `${array.length - index} more`);
        return;
      }
      shown += 1;
      yield node;
      before = node;
    }
    index += 1;
  }
  if (same !== undefined) yield new Fold(same.first, index - 1, same.start, same.end, `as ${before!.name}`);
}

/** Undefined for what is made of rows. */
function rowOf(node: FieldNode, path: string): FieldRow | undefined {
  if (node.kind === 'leaf') return leafRow(node, path);
  if (!(node instanceof ArrayBranch)) return undefined;
  const [segment, more] = node.segments;
  if (segment === undefined || more !== undefined || segment.mark !== undefined || segment.field.opaque !== undefined)
    return undefined;
  const first = node.at(0);
  if (first?.kind !== 'leaf' || first.scalar === undefined || first.role !== 'field') return undefined;
  for (let i = 0; i < Math.min(node.length, NAMED); i += 1) if (meaningOf(node.at(i)!) !== undefined) return undefined;
  return {
    path,
    start: node.start,
    end: node.end,
    role: 'field',
    scalar: first.scalar,
    text: false,
    count: node.length,
    reason: undefined,
    node,
  };
}

function leafRow(leaf: Leaf, path: string): FieldRow {
  const text = leaf.scalar === undefined && leaf.field?.type === 'text';
  return {
    path,
    start: leaf.start,
    end: leaf.end,
    role: leaf.role,
    scalar: leaf.scalar,
    text,
    count: undefined,
    reason: leaf.reason,
    node: leaf,
  };
}

/** What the row means to people. */
export function rowMeaning(row: FieldRow): Meaning | undefined {
  return row.node === undefined ? undefined : meaningOf(row.node);
}
