// The wire format of each scalar type, both directions in one place. QEMU: the VMStateInfo tables of
// migration/vmstate-types.c (get and put), target/*/machine.c for CPU_Double_U. Everything is big-endian, `int32 le`
// included ("le" is "less or equal"). The little-endian types at the end are types of this package, for data that
// guests lay out.

import { cannotEncode } from '../bytes/emitter.js';

/**
 * A decoded value. Integers of 64 bits are bigint, narrower integers are number. A value that the type cannot represent
 * (a bool of 2, a NaN with a payload) stays an integer with the raw bits, so that encoding gives the same bytes.
 */
export type Value = number | bigint | boolean | null | Uint8Array;

export type ScalarKind = 'integer' | 'bool' | 'float' | 'timer' | 'pointer';

/** A type of fixed width. */
export interface Scalar {
  /** The name of the type in documents. */
  readonly name: string;
  readonly kind: ScalarKind;
  /** Bytes. */
  readonly size: number;
  readonly signed: boolean;
  read(view: DataView, at: number): Value;
  /** @throws MigrationStreamError code `cannot-encode`: wrong type, or out of range */
  write(view: DataView, at: number, value: Value): void;
}

type Get = (view: DataView, at: number) => number;
type Put = (view: DataView, at: number, value: number) => void;

function integer(name: string, size: number, signed: boolean, get: Get, put: Put): Scalar {
  const min = signed ? -(2 ** (8 * size - 1)) : 0;
  const max = min + 2 ** (8 * size) - 1;
  return {
    name,
    kind: 'integer',
    size,
    signed,
    read: get,
    write(view, at, value) {
      const number = typeof value === 'bigint' && value >= min && value <= max ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max)
        throw outOfRange(value, name, min, max);
      put(view, at, number);
    },
  };
}

function wide(name: string, signed: boolean, littleEndian = false, kind: ScalarKind = 'integer'): Scalar {
  const min = signed ? -(1n << 63n) : 0n;
  const max = min + (1n << 64n) - 1n;
  return {
    name,
    kind,
    size: 8,
    signed,
    read: signed ? (view, at) => view.getBigInt64(at, littleEndian) : (view, at) => view.getBigUint64(at, littleEndian),
    write(view, at, value) {
      const big = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
      if (typeof big !== 'bigint' || big < min || big > max) throw outOfRange(value, name, min, max);
      view.setBigUint64(at, BigInt.asUintN(64, big), littleEndian);
    },
  };
}

const bool: Scalar = {
  name: 'bool',
  kind: 'bool',
  size: 1,
  signed: false,
  read(view, at) {
    const byte = view.getUint8(at);
    return byte > 1 ? byte : byte === 1;
  },
  write(view, at, value) {
    if (typeof value === 'boolean') view.setUint8(at, value ? 1 : 0);
    else u8.write(view, at, value);
  },
};

/** A double that a JavaScript number cannot represent bit by bit is given as its 64 bits. */
const double: Scalar = {
  name: 'float64',
  kind: 'float',
  size: 8,
  signed: true,
  read(view, at) {
    const number = view.getFloat64(at);
    return Number.isNaN(number) ? view.getBigUint64(at) : number;
  },
  write(view, at, value) {
    if (typeof value === 'number') view.setFloat64(at, value);
    else u64.write(view, at, value);
  },
};

/**
 * One byte that says whether a pointer was null: '0' for null; since 11.1 also '1' before the target of the pointer.
 */
const pointer: Scalar = {
  name: 'pointer',
  kind: 'pointer',
  size: 1,
  signed: false,
  read(view, at) {
    const byte = view.getUint8(at);
    return byte === NULL_MARK ? null : byte === PRESENT_MARK ? true : byte;
  },
  write(view, at, value) {
    if (value === null) view.setUint8(at, NULL_MARK);
    else if (value === true) view.setUint8(at, PRESENT_MARK);
    else u8.write(view, at, value);
  },
};

/** QEMU: VMS_NULLPTR_MARKER, include/migration/vmstate.h. */
export const NULL_MARK = 0x30;
/** Since 11.1. */
export const PRESENT_MARK = 0x31;

const u8 = integer(
  'uint8',
  1,
  false,
  (v, at) => v.getUint8(at),
  (v, at, x) => v.setUint8(at, x),
);
const i8 = integer(
  'int8',
  1,
  true,
  (v, at) => v.getInt8(at),
  (v, at, x) => v.setInt8(at, x),
);
const u16 = integer(
  'uint16',
  2,
  false,
  (v, at) => v.getUint16(at),
  (v, at, x) => v.setUint16(at, x),
);
const i16 = integer(
  'int16',
  2,
  true,
  (v, at) => v.getInt16(at),
  (v, at, x) => v.setInt16(at, x),
);
const u32 = integer(
  'uint32',
  4,
  false,
  (v, at) => v.getUint32(at),
  (v, at, x) => v.setUint32(at, x),
);
const i32 = integer(
  'int32',
  4,
  true,
  (v, at) => v.getInt32(at),
  (v, at, x) => v.setInt32(at, x),
);
const u64 = wide('uint64', false);
const i64 = wide('int64', true);
const le16 = integer(
  'le16',
  2,
  false,
  (v, at) => v.getUint16(at, true),
  (v, at, x) => v.setUint16(at, x, true),
);
const le24 = integer(
  'le24',
  3,
  false,
  (v, at) => v.getUint16(at, true) + v.getUint8(at + 2) * 0x10000,
  (v, at, x) => {
    v.setUint16(at, x % 0x10000, true);
    v.setUint8(at + 2, Math.floor(x / 0x10000));
  },
);
const le32 = integer(
  'le32',
  4,
  false,
  (v, at) => v.getUint32(at, true),
  (v, at, x) => v.setUint32(at, x, true),
);

/**
 * Scalars by the type name in the description. An equality check does not change the wire; `int64 equal` checks a
 * uint64.
 */
const scalars: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ['bool', bool],
  ['int8', i8],
  ['int16', i16],
  ['int32', i32],
  ['int64', i64],
  ['uint8', u8],
  ['uint16', u16],
  ['uint32', u32],
  ['uint64', u64],
  ['uint8 equal', u8],
  ['uint16 equal', u16],
  ['int32 equal', i32],
  ['uint32 equal', u32],
  ['int64 equal', u64],
  ['int32 le', i32],
  ['CPU_Double_U', { ...double, name: 'CPU_Double_U' }],
  ['float64', double],
  ['timer', wide('timer', true, false, 'timer')],
  ['fd', u8],
  ['nullptr', pointer],
  ['ptr-marker', pointer],
  ['le16', le16],
  ['le24', le24],
  ['le32', le32],
  ['le64', wide('le64', false, true)],
]);

/**
 * Scalars by a number made of three characters of the name. Type names come fresh out of the JSON. Hashing each for a
 * Map would cost more than a comparison with the only candidate.
 */
const bySlot: (readonly [string, Scalar] | undefined)[] = new Array<undefined>(128).fill(undefined);
for (const entry of scalars) bySlot[slotOf(entry[0])] ??= entry;

function slotOf(type: string): number {
  return (type.length * 5 + type.charCodeAt(0) * 3 + type.charCodeAt(type.length - 1) * 7) & 127;
}

/** cpr-exec sends an fd as its number. */
const wideFd: Scalar = i32;

/** The scalar of that type name and size in bytes; undefined for buffers and for unknown types. */
export function scalarOf(type: string, size: number): Scalar | undefined {
  const entry = bySlot[slotOf(type)];
  // Every scalar is short. A slot that another type occupies is looked up in the Map.
  const scalar = entry === undefined ? undefined : entry[0] === type ? entry[1] : scalars.get(type);
  if (scalar?.size === size) return scalar;
  return type === 'fd' && size === 4 ? wideFd : undefined;
}

/** The scalar with this name (`Scalar.name`); undefined for any other word. */
export function scalarNamed(name: string): Scalar | undefined {
  if (name === pointer.name) return pointer;
  const scalar = scalars.get(name);
  return scalar?.name === name ? scalar : undefined;
}

/** Names of all scalars. */
export const scalarNames: readonly string[] = [...new Set([...scalars.values()].map((scalar) => scalar.name))];

/** Tells whether the word is the name of a scalar, for any size that a description gives. */
export function isScalarType(type: string): boolean {
  return scalars.has(type);
}

/** The byte that marks null pointers. */
export const pointerMark = pointer;
export const byteScalar = u8;
export const countScalar = u32;
export const keyScalar = u64;

function outOfRange(value: Value, name: string, min: number | bigint, max: number | bigint): Error {
  const shown = value instanceof Uint8Array ? `${value.length} bytes` : String(value);
  return cannotEncode(`${shown} is no ${name} (${min} to ${max})`);
}
