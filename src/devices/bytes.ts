// Bytes with a meaning each: rings, registers by index, parameters of a command. A row says what the whole array is and
// what one byte of it is. Where QEMU's description calls the field a buffer, a row makes it an array of bytes, so that
// a byte can be named and changed. An array of bytes without a row or a meaning counts as opaque (coverage.ts).

import { hexDigits } from '../base/bytes.js';
import type { Branch, FieldNode, Layout } from '../vmstate/index.js';
import type { ByteRow, ContentRow, LayoutRule, Meaning, MeaningRule, Sibling } from './rule.js';
import { bytesOfArray, numberOf } from './values.js';

export type { ByteRow, Sibling };

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

function list(bytes: Uint8Array): string {
  return `${hexDigits(bytes.subarray(0, SHOWN), ' ')}${bytes.length > SHOWN ? ' …' : ''}`;
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
      const queued = Uint8Array.from(
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
      return used <= 0 ? 'empty' : `${used} bytes: ${list(bytes.subarray(0, used))}`;
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
        : `${done} of ${count}${done === 0 ? '' : `: ${list(bytes.subarray(0, done))}`}`;
    },
    element(index, sibling) {
      const { done = 0, count } = state(sibling);
      if (count === undefined) return undefined;
      return index >= count ? 'free' : index < done ? `number ${index + 1}, done` : `number ${index + 1}, to come`;
    },
  };
}

const bytes: Layout = ({ bytes: all }) => ({ type: 'uint8', size: 1, count: all.length });

/** The layouts and meanings of rows. */
export function rowRules(rows: readonly ByteRow[]): { layouts: LayoutRule[]; meanings: MeaningRule[] } {
  return {
    layouts: rows.map(({ vmsd, field }) => ({ vmsd, field, layout: bytes })),
    meanings: rows.map((row) => ({ vmsd: row.vmsd, field: row.field, meaning: meaning(row) })),
  };
}

export function contentRules(rows: readonly ContentRow[]): LayoutRule[] {
  return rows.map(({ vmsd, field, reason }) => ({
    vmsd,
    field,
    layout: ({ bytes: all }) => ({ type: 'uint8', size: 1, count: all.length, opaque: reason }),
  }));
}

function meaning(row: ByteRow): MeaningRule['meaning'] {
  return (node, index): Meaning | undefined => {
    const array = index === undefined ? node : node.parent;
    if (array === undefined) return undefined;
    const table = array.parent;
    const sibling: Sibling = (name) => (table === undefined ? undefined : numberIn(table, name));
    if (index !== undefined) return { label: row.element?.(index, sibling, array) };
    const all = bytesOfArray(array);
    return all === undefined ? undefined : { label: row.label, text: row.text?.(all, sibling, array) };
  };
}
