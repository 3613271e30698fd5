// How much of a payload is understood. Bytes are opaque when nothing divides them, whatever their type is called
// (buffer, virtio, pci config); framing and bytes that QEMU ignores are not. May import vmstate's nodes.

import { visitLeaves, type DeviceState, type Leaf } from './node.js';

export interface Coverage {
  /** Bytes of the payload. */
  readonly total: number;
  /** Bytes in leaves whose inside is not decoded. */
  readonly opaque: number;
  /** Bytes that QEMU ignores on load, and words of registers that are 0. */
  readonly unused: number;
  /** Those leaves, in stream order. */
  readonly gaps: readonly Leaf[];
}

/** Walks all leaves. */
export function coverageOf(state: DeviceState): Coverage {
  let opaque = 0;
  let unused = 0;
  const gaps: Leaf[] = [];
  visitLeaves(state.root, (leaf) => {
    const size = leaf.end - leaf.start;
    if (leaf.role === 'unused') unused += size;
    // Empty buffers are nothing to understand; a description that promises more than there is, is.
    if (leaf.role !== 'opaque' || (size === 0 && leaf.field !== undefined)) return;
    opaque += size;
    gaps.push(leaf);
  });
  return { total: state.bytes.length, opaque, unused, gaps };
}
