// Our field trees against what analyze-migration.py prints of the same device: every value of either must be in the
// other. Bytes are compared with those that our values encode to. Imports vmstate and test/support.

import {
  ArrayBranch,
  encodeDevice,
  type Branch,
  type DeviceState,
  type FieldNode,
  type Leaf,
} from '../../../src/vmstate/index.js';
import type { Printed } from './analyze-script.js';

export interface Difference {
  /** Ours, or the path that the script prints it under. */
  readonly path: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface Comparison {
  /** Values that were compared. */
  readonly compared: number;
  readonly differences: readonly Difference[];
}

type Table = { readonly [name: string]: Printed };

/** All of one device. */
export function comparePrinted(state: DeviceState, printed: Printed): Comparison {
  const bytes = Buffer.from(encodeDevice(state));
  const differences: Difference[] = [];
  let compared = 0;
  const differ = (path: string, ours: string, theirs: string): void => void differences.push({ path, ours, theirs });

  const value = (node: FieldNode, theirs: Printed | undefined): void => {
    compared += 1;
    if (theirs === undefined) differ(node.fullPath, 'is there', 'nothing');
    else if (node.kind !== 'leaf' && node.kind !== 'decoded' && isTable(theirs)) table(node, theirs);
    else if (node.kind === 'leaf' && node.scalar !== undefined) {
      const ours = expected(node);
      if (!ours.includes(theirs)) differ(node.fullPath, String(ours[0]), show(theirs));
    } else {
      const hex = hexOf(bytes.subarray(node.start, node.end));
      if (theirs !== hex) differ(node.fullPath, hex, show(theirs));
    }
  };

  const table = (branch: Branch, theirs: Table): void => {
    const left = new Map(
      Object.entries(theirs).map(([name, one]) => [name, Array.isArray(one) ? [...(one as Printed[])] : [one]]),
    );
    const next = (name: string): Printed | undefined => left.get(name)?.shift();
    for (const child of branch.children()) {
      if (child.kind === 'leaf' && child.role === 'frame') continue;
      if (child.kind === 'subsection') value(child, next(child.vmsd!.name));
      else if (child instanceof ArrayBranch && !isRetyped(child))
        for (const element of child.children()) one(element, child.fields[0]!.name, next);
      else one(child, nameOf(child), next);
    }
    for (const [name, values] of left)
      for (const extra of values) differ(`${branch.fullPath}.${name}`, 'nothing', show(extra));
  };

  /** A value, which since 11.1 may have a mark before it that says whether its pointer is null. */
  const one = (node: FieldNode, name: string, next: (name: string) => Printed | undefined): void => {
    if (node.kind !== 'leaf' && node.fields[0]?.type === 'ptr-marker') {
      const [mark, ...rest] = node.children();
      value(mark!, next(name));
      if (node.vmsd !== undefined) value(node, next(name));
      else for (const pointed of rest) value(pointed, next(name));
    } else value(node, next(name));
  };

  if (isTable(printed)) table(state.root, printed);
  else differ(state.root.fullPath, 'a table', show(printed));
  return { compared, differences };
}

/** One field of bytes, of which we made an array. */
function isRetyped(array: ArrayBranch): boolean {
  return array.fields.length === 1 && array.segments[0]?.field.type !== array.fields[0]!.type;
}

function nameOf(node: FieldNode): string {
  return (node.kind === 'leaf' ? node.field?.name : node.fields[0]?.name) ?? node.name;
}

function isTable(printed: Printed): printed is Table {
  return typeof printed === 'object' && !Array.isArray(printed);
}

function show(printed: Printed): string {
  return typeof printed === 'string' ? printed : JSON.stringify(printed).slice(0, 200);
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** How a value of ours may be printed: typed as the script knows its type, or as bytes. */
function expected(leaf: Leaf): Printed[] {
  const scalar = leaf.scalar!;
  const encoded = new Uint8Array(scalar.size);
  scalar.write(new DataView(encoded.buffer), 0, leaf.value);
  const { value } = leaf;
  const plain = hexOf(encoded);
  if (typeof value === 'boolean') return [value, plain];
  if (value === null) return ['nullptr', plain];
  if (scalar.kind !== 'integer' || (typeof value !== 'number' && typeof value !== 'bigint')) return [plain];
  const hex = `0x${plain.replaceAll(' ', '')}`;
  return [value < 0 ? `${hex} (${value})` : hex, plain];
}
