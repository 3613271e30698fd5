// How the rows of byte-arrays.ts are written: what a whole array is, what one byte of it is, and the shapes that come
// again: rings, and buffers that are filled from the start.

import type { Branch, FieldNode } from '../node.js';
import { numberOf } from './pci-names.js';

/** A number that stands beside the array, by its step; undefined when there is none. */
export type Sibling = (name: string) => number | undefined;

export interface ByteRow {
  /** The table and the field, as in rule.ts. */
  readonly vmsd: string;
  readonly field: string;
  /** What the whole is. */
  readonly label: string;
  /** What is in it, in words. */
  readonly text?: (bytes: Uint8Array, sibling: Sibling, array: FieldNode) => string | undefined;
  /** What one byte is. */
  readonly element?: (index: number, sibling: Sibling, array: FieldNode) => string | undefined;
}

/** Tables by the step of their fields: every byte of an array asks for the same ones. */
const tables = new WeakMap<Branch, ReadonlyMap<string, FieldNode>>();

/** The number of that name in a table. */
export function numberIn(table: Branch, name: string): number | undefined {
  const known = tables.get(table) ?? new Map([...table.children()].map((child) => [child.name, child]));
  tables.set(table, known);
  const node = known.get(name);
  const value = node?.kind === 'leaf' ? node.value : undefined;
  return typeof value === 'bigint' ? Number(value) : numberOf(node);
}

type Shape = Pick<ByteRow, 'text' | 'element'>;

/** How many bytes of a queue are named in its text. */
const SHOWN = 16;

function list(bytes: readonly number[]): string {
  const shown = bytes.slice(0, SHOWN).map((byte) => byte.toString(16).padStart(2, '0'));
  return `${shown.join(' ')}${bytes.length > SHOWN ? ' …' : ''}`;
}

/** A ring of all its bytes: `count` of them are in use, from `first` on. */
export function ring(
  state: (
    sibling: Sibling,
    array: FieldNode,
  ) => { readonly first: number | undefined; readonly count: number | undefined },
): Shape {
  const place = (index: number, first: number, size: number): number => (((index - first) % size) + size) % size;
  return {
    text(bytes, sibling, array) {
      const { first, count } = state(sibling, array);
      if (first === undefined || count === undefined || count < 0 || count > bytes.length) return undefined;
      const queued = Array.from(
        { length: Math.min(count, SHOWN + 1) },
        (_, i) => bytes[place(first + i, 0, bytes.length)]!,
      );
      return count === 0 ? 'empty' : `${count} queued: ${list(queued)}`;
    },
    element(index, sibling, array) {
      const { first, count } = state(sibling, array);
      if (first === undefined || count === undefined) return undefined;
      const at = place(index, first, array.end - array.start);
      return at < count ? `number ${at + 1} of ${count}` : 'free';
    },
  };
}

/** Filled from the start: the first `count` bytes say something, what is behind them is left over from before. */
export function filled(
  count: (sibling: Sibling) => number | undefined,
  name?: (index: number) => string | undefined,
): Shape {
  return {
    text(bytes, sibling) {
      const used = count(sibling);
      if (used === undefined || used > bytes.length) return undefined;
      return used <= 0 ? 'empty' : `${used} bytes: ${list([...bytes.subarray(0, Math.min(used, SHOWN + 1))])}`;
    },
    element(index, sibling) {
      const used = count(sibling);
      return used === undefined ? undefined : index < used ? (name?.(index) ?? `byte ${index}`) : 'free';
    },
  };
}

/** Filled from the start: `count` bytes, of which `done` have been passed on. */
export function pieces(
  state: (sibling: Sibling) => { readonly done: number | undefined; readonly count: number | undefined },
): Shape {
  return {
    text(bytes, sibling) {
      const { done = 0, count } = state(sibling);
      return count === undefined
        ? undefined
        : `${done} of ${count}${done === 0 ? '' : `: ${list([...bytes.subarray(0, Math.min(done, SHOWN + 1))])}`}`;
    },
    element(index, sibling) {
      const { done = 0, count } = state(sibling);
      if (count === undefined) return undefined;
      return index >= count ? 'free' : index < done ? `number ${index + 1}, done` : `number ${index + 1}, to come`;
    },
  };
}
