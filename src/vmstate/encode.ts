// Turns the field tree back into bytes, leaf by leaf; each leaf uses the rule that decoded it. Unchanged leaves give
// their original bytes, including odd values.

import { MigrationStreamError } from '../base/errors.js';
import { cannotEncode } from '../bytes/emitter.js';
import { visitLeaves, type DeviceState, type Leaf } from './node.js';
import type { Value } from './scalars.js';

/** The new value for a leaf; undefined keeps the current value. Bytes must have the leaf's length. */
export type Override = (leaf: Leaf) => Value | undefined;

/**
 * The payload, at its original length.
 * @throws MigrationStreamError code `cannot-encode`: a value out of range or of the wrong kind; the message names the
 * node
 */
export function encodeDevice(state: DeviceState, override?: Override): Uint8Array {
  const bytes = new Uint8Array(state.bytes.length);
  const view = new DataView(bytes.buffer);
  visitLeaves(state.root, (leaf) => {
    const value = override?.(leaf);
    writeLeaf(bytes, view, leaf, value === undefined ? leaf.value : value);
  });
  return bytes;
}

/** `bytes` are the whole payload. Null is a valid value of a pointer. */
export function writeLeaf(bytes: Uint8Array, view: DataView, leaf: Leaf, value: Value): void {
  if (leaf.scalar !== undefined) {
    try {
      leaf.scalar.write(view, leaf.start, value);
    } catch (error) {
      if (error instanceof MigrationStreamError) throw cannotEncode(`${leaf.fullPath}: ${error.message}`);
      throw error;
    }
    return;
  }
  const size = leaf.end - leaf.start;
  if (!(value instanceof Uint8Array)) throw cannotEncode(`${leaf.fullPath} holds ${size} bytes, not a value`);
  if (value.length !== size) throw cannotEncode(`${leaf.fullPath} holds ${size} bytes, not ${value.length}`);
  bytes.set(value, leaf.start);
}
