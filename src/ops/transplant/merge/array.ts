// What arrays are like: which are blobs, which elements are alike, how elements are described. table.ts merges them.

import { equalBytes } from '../../../base/bytes.js';
import { ArrayBranch, type FieldNode, type FieldSchema } from '../../../vmstate/index.js';
import type { Layer } from './layer.js';
import type { Piece } from './piece.js';
import { valuesBelow } from './values.js';

/** Bytes that the description does not divide: opaque, or divided by a decoder into elements of one kind. */
export function isBlob(node: FieldNode): boolean {
  if (node.kind === 'leaf') return node.scalar === undefined && node.role !== 'frame';
  const [field] = node.fields;
  return (
    node.kind === 'array' &&
    node.fields.length === 1 &&
    field!.count === undefined &&
    field!.struct === undefined &&
    field!.inline.length === 0
  );
}

/** Scalars of one width, as many on both sides: there may be very many. */
export function wholeArray(layer: Layer, donor: FieldNode, source: FieldNode): Piece | undefined {
  if (!(donor instanceof ArrayBranch) || !(source instanceof ArrayBranch) || donor.length !== source.length)
    return undefined;
  const [donorSegment, sourceSegment] = [donor.segments[0], source.segments[0]];
  if (
    donor.segments.length !== 1 ||
    source.segments.length !== 1 ||
    donorSegment!.field.type !== sourceSegment!.field.type ||
    donorSegment!.stride !== sourceSegment!.stride
  )
    return undefined;
  const first = donor.at(0);
  if (first === undefined || donorSegment!.mark !== undefined || / (equal|le)$/.test(donorSegment!.field.type))
    return undefined;
  if (first.kind !== 'leaf' && !sameTables(first, source.at(0), donor.bytes, source.bytes)) return undefined;
  // What is reserved may say something in one element and nothing in another.
  const alike = first.kind !== 'leaf' || first.field?.reserved === undefined;
  layer.ledger.copied += alike ? valuesBelow(first).length * source.length : valuesBelow(source).length;
  return { bytes: source.bytes, entries: donor.fields, asDonor: true };
}

/** The same bytes under one table, which is so where our decoders made it: nothing could come of going through them. */
export function sameTables(
  donor: FieldNode,
  source: FieldNode | undefined,
  bytes: Uint8Array,
  sourceBytes: Uint8Array,
): boolean {
  if (
    donor.kind !== 'struct' ||
    source?.kind !== 'struct' ||
    donor.vmsd === undefined ||
    donor.vmsd !== source.vmsd ||
    donor.vmsd.subsections.length > 0
  )
    return false;
  return equalBytes(bytes, sourceBytes);
}

/** A single element is described like a field of its own. */
export function elementsOf(node: FieldNode): FieldNode[] {
  return node instanceof ArrayBranch ? [...node.children()] : [node];
}

/** The entries of elements that are no longer what the donor described. */
export function together(pieces: readonly Piece[]): FieldSchema[] {
  const entries = pieces.flatMap((piece) =>
    piece.entries.map((field): FieldSchema => ({ ...field, count: undefined, index: undefined })),
  );
  const [first] = entries;
  const plain =
    first !== undefined &&
    entries.length > 1 &&
    entries.every(
      (entry) =>
        entry.struct === undefined &&
        entry.inline.length === 0 &&
        entry.type === first.type &&
        entry.size === first.size,
    );
  return plain ? [{ ...first, count: entries.length }] : entries;
}
