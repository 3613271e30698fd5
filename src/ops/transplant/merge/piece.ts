// A part of a payload as it will be written: bytes, and the entries that describe them.

import type { FieldNode, FieldSchema, VmsdSchema } from '../../../vmstate/index.js';

export interface Piece {
  readonly bytes: Uint8Array;
  readonly entries: readonly FieldSchema[];
  /** Described as the donor describes it: `entries` are the donor's own. */
  readonly asDonor: boolean;
}

export interface LaidTable {
  readonly bytes: Uint8Array;
  /** True to the bytes. */
  readonly vmsd: VmsdSchema;
  /** `vmsd` is the donor's own. */
  readonly asDonor: boolean;
}

export function entriesOf(node: FieldNode): readonly FieldSchema[] {
  if (node.kind !== 'leaf') return node.fields;
  return node.field === undefined ? [] : [node.field];
}

/** The node as it stands. */
export function asItStands(node: FieldNode, asDonor: boolean): Piece {
  return { bytes: node.bytes, entries: entriesOf(node), asDonor };
}

/** Other bytes under the donor's entries; where their number changed, one entry of that size. */
export function withBytes(donor: FieldNode, bytes: Uint8Array): Piece {
  const entries = entriesOf(donor);
  const [first] = entries;
  if (bytes.length === donor.end - donor.start || first === undefined) return { bytes, entries, asDonor: true };
  return { bytes, entries: [{ ...first, size: bytes.length, count: undefined }], asDonor: false };
}
