// Arrays by index, lists whole. How many elements there are is the destination's business where the array is of fixed
// length, and the source's where an integer before it counts them.

import { ArrayBranch, type Branch, type FieldNode, type FieldSchema } from '../../../vmstate/index.js';
import type { Layer } from './layer.js';
import { asItStands, concat, entriesOf, type LaidTable, type Piece } from './piece.js';
import { isBlank, valuesBelow } from './values.js';

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

export function layArray(layer: Layer, donor: FieldNode, source: FieldNode): Piece {
  const same = wholeArray(layer, donor, source);
  if (same !== undefined) return same;
  const [mine, theirs] = [elementsOf(donor), elementsOf(source)];
  const count = layer.follows(mine.length, theirs.length) ? theirs.length : mine.length;
  const pieces: Piece[] = [];
  for (let index = 0; index < count; index += 1) {
    const [own, other] = [mine[index], theirs[index]];
    if (other === undefined) pieces.push(asItStands(own!, true));
    else if (own !== undefined) pieces.push(layElement(layer, own, other));
    else if (mine.length > 0) pieces.push(layer.lay.field(layer, mine[0]!, other));
    else pieces.push(layer.adopt(() => layer.lay.field(layer, other, other)));
  }
  noteLength(layer, donor, source, mine, theirs, count);
  const asDonor = count === mine.length && pieces.every((piece) => piece.asDonor);
  return {
    bytes: concat(pieces.map((piece) => piece.bytes)),
    entries: asDonor ? entriesOf(donor) : together(pieces),
    asDonor,
  };
}

function layElement(layer: Layer, donor: FieldNode, source: FieldNode): Piece {
  if (!sameTables(donor, source, donor.bytes, source.bytes)) return layer.lay.field(layer, donor, source);
  layer.ledger.copied += layer.countValues(source);
  return asItStands(donor, true);
}

function noteLength(
  layer: Layer,
  donor: FieldNode,
  source: FieldNode,
  mine: readonly FieldNode[],
  theirs: readonly FieldNode[],
  count: number,
): void {
  const sizes = `${theirs.length} elements at the source, ${mine.length} at the destination`;
  const lost = theirs.slice(count);
  if (lost.length > 0) {
    const blank = lost.every(isBlank);
    layer.ledger.field(source, donor, {
      kind: 'cut',
      grade: blank ? 'exact' : 'lossy',
      why: `${sizes}${blank ? ': only zeros are lost' : ''}`,
    });
  }
  if (count > theirs.length)
    layer.ledger.field(source, donor, { kind: 'padded', grade: 'assumed', why: `${sizes}: the others as after reset` });
}

/** Scalars of one width, as many on both sides: there may be very many. */
function wholeArray(layer: Layer, donor: FieldNode, source: FieldNode): Piece | undefined {
  if (!(donor instanceof ArrayBranch) || !(source instanceof ArrayBranch) || donor.length !== source.length)
    return undefined;
  const [mine, theirs] = [donor.segments[0], source.segments[0]];
  if (
    donor.segments.length !== 1 ||
    source.segments.length !== 1 ||
    mine!.field.type !== theirs!.field.type ||
    mine!.stride !== theirs!.stride
  )
    return undefined;
  const first = donor.at(0);
  if (first === undefined || mine!.mark !== undefined || / (equal|le)$/.test(mine!.field.type)) return undefined;
  if (first.kind !== 'leaf' && !sameTables(first, source.at(0), donor.bytes, source.bytes)) return undefined;
  // What is reserved may say something in one element and nothing in another.
  const alike = first.kind !== 'leaf' || first.field?.reserved === undefined;
  layer.ledger.copied += alike ? valuesBelow(first).length * source.length : valuesBelow(source).length;
  return { bytes: source.bytes, entries: donor.fields, asDonor: true };
}

/** The same bytes under one table, which is so where our decoders made it: nothing could come of going through them. */
function sameTables(mine: FieldNode, theirs: FieldNode | undefined, bytes: Uint8Array, others: Uint8Array): boolean {
  if (
    mine.kind !== 'struct' ||
    theirs?.kind !== 'struct' ||
    mine.vmsd === undefined ||
    mine.vmsd !== theirs.vmsd ||
    mine.vmsd.subsections.length > 0
  )
    return false;
  return Buffer.compare(bytes, others) === 0;
}

/** A single element is described like a field of its own. */
function elementsOf(node: FieldNode): FieldNode[] {
  return node instanceof ArrayBranch ? [...node.children()] : [node];
}

/** The entries of elements that are no longer what the donor described. */
function together(pieces: readonly Piece[]): FieldSchema[] {
  const entries = pieces.flatMap((piece) =>
    piece.entries.map((field): FieldSchema => ({ ...field, count: undefined, index: undefined })),
  );
  const [first] = entries;
  const plain =
    first !== undefined &&
    entries.length > 1 &&
    entries.every(
      (one) =>
        one.struct === undefined && one.inline.length === 0 && one.type === first.type && one.size === first.size,
    );
  return plain ? [{ ...first, count: entries.length }] : entries;
}

/** QTAILQ, QLIST and GTREE say themselves how long they are: all elements are the source's. */
export function layList(layer: Layer, donor: Branch, source: Branch): Piece {
  const field = donor.fields[0]!;
  if (field.type !== source.fields[0]?.type) {
    layer.ledger.field(source, donor, {
      kind: 'donor',
      grade: layer.lossOf(source),
      why: 'a list of another kind at the destination',
    });
    return asItStands(donor, true);
  }
  if (field.type === 'gtree') {
    layer.ledger.copied += valuesBelow(source).length;
    return {
      bytes: source.bytes,
      entries: [{ ...field, size: source.end - source.start, inline: source.fields[0]!.inline }],
      asDonor: false,
    };
  }
  const isElement = (node: FieldNode): node is Branch => node.kind === 'struct';
  const [template] = [...donor.children()].filter(isElement);
  const laid: LaidTable[] = [...source.children()]
    .filter(isElement)
    .map((element) =>
      template === undefined
        ? layer.adopt(() => layer.lay.table(layer, element, element))
        : layer.lay.table(layer, template, element),
    );
  const bytes = concat([...laid.map((one) => one.bytes), Uint8Array.of(0)]);
  return { bytes, entries: [{ ...field, size: bytes.length, inline: laid.map((one) => one.vmsd) }], asDonor: false };
}
