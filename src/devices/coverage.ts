// How much of a payload is understood. Bytes are opaque when nothing divides them, whatever their type is called
// (buffer, virtio, pci config), and when they are only numbered: an array of bytes of which no decoder says what it is.
// Framing and bytes that QEMU ignores are not.

import { ArrayBranch, type DeviceState, type FieldNode, type Leaf } from '../vmstate/index.js';
import { meaningOf } from './meaning.js';

export interface Coverage {
  /** Bytes of the payload. */
  readonly total: number;
  /** Bytes whose inside is not decoded: those of `gaps` and of `numbered`. */
  readonly opaque: number;
  /** Bytes that QEMU ignores on load, and reserved registers that are 0. */
  readonly unused: number;
  /** Leaves that are not decoded, in stream order. */
  readonly gaps: readonly Leaf[];
  /** Arrays of bytes that nobody says the meaning of, in stream order. */
  readonly numbered: readonly ArrayBranch[];
}

/** Walks all leaves. */
export function coverageOf(state: DeviceState): Coverage {
  let opaque = 0;
  let unused = 0;
  const gaps: Leaf[] = [];
  const numbered: ArrayBranch[] = [];
  const visit = (node: FieldNode): void => {
    const size = node.end - node.start;
    if (node.kind !== 'leaf') {
      if (size > 0 && isOnlyNumbered(node)) {
        numbered.push(node);
        opaque += size;
      } else for (const child of node.children()) visit(child);
      return;
    }
    if (node.role === 'unused') unused += size;
    // Empty buffers are nothing to understand; a description that promises more than there is, is.
    if (node.role !== 'opaque' || (size === 0 && node.field !== undefined)) return;
    opaque += size;
    gaps.push(node);
  };
  visit(state.root);
  return { total: state.bytes.length, opaque, unused, gaps, numbered };
}

/** Elements that a decoder itself calls opaque or reserved are judged one by one. */
function isOnlyNumbered(node: FieldNode): node is ArrayBranch {
  if (!(node instanceof ArrayBranch)) return false;
  const bytes = node.segments.every(
    ({ field }) =>
      (field.type === 'uint8' || field.type === 'int8') &&
      field.size === 1 &&
      field.opaque === undefined &&
      field.reserved === undefined,
  );
  return bytes && meaningOf(node) === undefined;
}
