// Single values and blobs: integers take the destination's width when the value fits, blobs its length when only zeros
// are lost, values that must equal the destination's are compared. QEMU: the get functions of migration/vmstate-
// types.c.

import type { FieldNode, Leaf } from '../../../vmstate/index.js';
import { cures } from './cures.js';
import type { Layer } from './layer.js';
import { asItStands, withBytes, type Piece } from './piece.js';
import { bytesText, integerOf, saysSomething } from './values.js';

/** Both are leaves. */
export function layLeaf(layer: Layer, donor: Leaf, source: Leaf): Piece {
  // Framing and ignored bytes are the destination's.
  if (!saysSomething(donor)) return asItStands(donor, true);
  if (donor.scalar === undefined || source.scalar === undefined) return layBlob(layer, donor, source);
  const type = donor.field?.type ?? '';
  const [donorValue, sourceValue] = [integerOf(donor), integerOf(source)];
  if (donorValue === undefined || sourceValue === undefined) {
    if (donor.scalar.name !== source.scalar.name) return unlike(layer, donor, source);
    if (donor.scalar.kind === 'pointer' && donor.value !== source.value) {
      layer.ledger.field(source, donor, {
        kind: 'conflict',
        grade: 'impossible',
        why: 'a pointer is null on one side only',
      });
      return asItStands(donor, true);
    }
    layer.ledger.copied += 1;
    return withBytes(donor, source.bytes);
  }
  if (type.endsWith(' equal') ? donorValue !== sourceValue : type.endsWith(' le') && sourceValue > donorValue) {
    layer.ledger.field(source, donor, {
      kind: 'conflict',
      grade: 'impossible',
      why: type.endsWith(' le') ? 'must be at most what the destination has' : 'must be what the destination has',
      cure: cures.equal,
    });
    return asItStands(donor, true);
  }
  if (donor.end - donor.start === source.end - source.start) {
    layer.ledger.copied += 1;
    return withBytes(donor, source.bytes);
  }
  return resized(layer, donor, source, sourceValue);
}

function resized(layer: Layer, donor: Leaf, source: Leaf, value: bigint): Piece {
  const size = donor.end - donor.start;
  const bits = BigInt(8 * size);
  const fits =
    value === (donor.scalar!.signed ? BigInt.asIntN(Number(bits), value) : BigInt.asUintN(Number(bits), value));
  const bytes = new Uint8Array(size);
  let left = BigInt.asUintN(Number(bits), value);
  for (let at = size - 1; at >= 0; at -= 1, left >>= 8n) bytes[at] = Number(left & 0xffn);
  const width = `${source.end - source.start} bytes`;
  if (fits)
    layer.ledger.field(source, donor, {
      kind: size > source.end - source.start ? 'widened' : 'narrowed',
      grade: 'exact',
      after: String(value),
      why: `${width} at the source, ${size} at the destination`,
    });
  else
    layer.ledger.field(source, donor, {
      kind: 'cut',
      grade: 'lossy',
      after: `0x${bytesText(bytes)}`,
      why: `${width} at the source, and the value does not fit into ${size}`,
    });
  return withBytes(donor, bytes);
}

/** Bytes for bytes; `exactly`: the destination takes as many as there are. */
export function layBlob(layer: Layer, donor: FieldNode, source: FieldNode): Piece {
  const size = donor.end - donor.start;
  const { bytes } = source;
  if (bytes.length === size || layer.follows(size, bytes.length)) {
    layer.ledger.copied += 1;
    return withBytes(donor, bytes);
  }
  if (donor.kind === 'leaf' && donor.scalar !== undefined) return unlike(layer, donor, source);
  const after = new Uint8Array(size);
  after.set(bytes.subarray(0, size));
  const lost = bytes.length > size && bytes.subarray(size).some((byte) => byte !== 0);
  layer.ledger.field(source, donor, {
    kind: bytes.length > size ? 'cut' : 'padded',
    grade: lost ? 'lossy' : 'exact',
    after: bytesText(after),
    why: `${bytes.length} bytes at the source, ${size} at the destination${bytes.length <= size ? ': zeros behind' : lost ? '' : ': only zeros are lost'}`,
  });
  return withBytes(donor, after);
}

/** A value of another nature: nothing can be carried. */
export function unlike(layer: Layer, donor: FieldNode, source: FieldNode): Piece {
  layer.ledger.field(source, donor, {
    kind: 'donor',
    grade: layer.lossOf(source),
    why: 'of another type at the destination',
  });
  return asItStands(donor, true);
}
