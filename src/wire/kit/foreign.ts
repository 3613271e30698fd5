// Fixed headers of foreign formats: libvirt, qcow2, ELF, the first packet of a multifd channel. One list of fields for
// each header: binary-parser makes the decoder's code from the list (`npm run parsers` writes foreign-parsers.ts, so
// that nothing compiles code at run time), and the encoder, the size and the description come from the same list.

import { cannotEncode } from '../../bytes/emitter.js';
import { hex, latin1 } from '../../bytes/window.js';
import type { Codec } from './codec.js';
import { parsers } from './foreign-parsers.js';

/** A field of a fixed header. */
export interface ForeignField<T> {
  /** The method of binary-parser that reads the field. */
  readonly method: 'uint8' | 'uint16' | 'uint32' | 'uint64' | 'buffer';
  /** Bytes. */
  readonly width: number;
  readonly label: string;
  /** The value of what binary-parser gives; undefined for a number that is too large. */
  value(parsed: unknown): T | undefined;
  /** Writes the value, or returns false where it does not fit. */
  put(view: DataView, at: number, value: T, littleEndian: boolean): boolean;
}

function unsigned(
  width: 1 | 2 | 4,
  set: (view: DataView, at: number, value: number, littleEndian: boolean) => void,
): ForeignField<number> {
  const bits = (width * 8) as 8 | 16 | 32;
  return {
    method: `uint${bits}`,
    width,
    label: `u${bits}`,
    value: (parsed: number) => parsed,
    put(view, at, value, littleEndian) {
      if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) return false;
      set(view, at, value, littleEndian);
      return true;
    },
  };
}

export const u8 = unsigned(1, (view, at, value) => view.setUint8(at, value));
export const u16 = unsigned(2, (view, at, value, littleEndian) => view.setUint16(at, value, littleEndian));
export const u32 = unsigned(4, (view, at, value, littleEndian) => view.setUint32(at, value, littleEndian));

/** Any u64. */
export const u64: ForeignField<bigint> = {
  method: 'uint64',
  width: 8,
  label: 'u64',
  value: (parsed: bigint) => parsed,
  put(view, at, value, littleEndian) {
    if (BigInt.asUintN(64, value) !== value) return false;
    view.setBigUint64(at, value, littleEndian);
    return true;
  },
};

/** A u64 that counts or addresses bytes: below 2^53, otherwise `address-too-large`. */
export const size64: ForeignField<number> = {
  ...u64,
  value: (parsed: bigint) => (parsed > Number.MAX_SAFE_INTEGER ? undefined : Number(parsed)),
  put: (view, at, value, littleEndian) => Number.isSafeInteger(value) && u64.put(view, at, BigInt(value), littleEndian),
};

/** Exactly `width` bytes, as a copy. */
export function bytes(width: number): ForeignField<Uint8Array> {
  return {
    method: 'buffer',
    width,
    label: `${width} bytes`,
    value: (parsed: Uint8Array) => parsed.slice(),
    put(view, at, value) {
      if (value.length !== width) return false;
      new Uint8Array(view.buffer, view.byteOffset + at, width).set(value);
      return true;
    },
  };
}

/** Exactly `width` characters, one for each byte. The decoders of the platform would change 0x80-0x9f. */
export function text(width: number): ForeignField<string> {
  const raw = bytes(width);
  return {
    ...raw,
    value: (parsed: Uint8Array) => latin1(parsed, 0, width),
    put(view, at, value, littleEndian) {
      const codes = Array.from({ length: value.length }, (_, index) => value.charCodeAt(index));
      return codes.every((code) => code <= 0xff) && raw.put(view, at, Uint8Array.from(codes), littleEndian);
    },
  };
}

/** The decoded value of a header: a property for each field. */
export type ForeignValue<F> = { readonly [K in keyof F]: F[K] extends ForeignField<infer T> ? T : never };

/** A fixed header, with what its parser is made from. */
export interface ForeignHeader<F> extends Codec<ForeignValue<F>> {
  /** The name of its parser in foreign-parsers.ts. */
  readonly parser: string;
  /** In wire order. */
  readonly fields: F;
  readonly littleEndian: boolean;
}

/**
 * A fixed header. `name` is the innermost part of an error's path. `decode` takes the exact bytes of the header,
 * because binary-parser does not check the length of its input.
 */
export function foreign<F extends Readonly<Record<string, ForeignField<unknown>>>>(
  name: string,
  parser: keyof typeof parsers,
  fields: F,
  littleEndian = false,
): ForeignHeader<F> {
  const entries = Object.entries(fields);
  const width = entries.reduce((sum, [, field]) => sum + field.width, 0);
  return {
    parser,
    fields,
    littleEndian,
    decode(window) {
      const depth = window.enter(name);
      let offset = window.position;
      const parsed = parsers[parser](window.take(width));
      const value: Record<string, unknown> = {};
      for (const [key, field] of entries) {
        value[key] = field.value(parsed[key]);
        if (value[key] === undefined)
          throw window.fail('address-too-large', `${hex(parsed[key] as bigint)} is beyond any file`, { offset });
        offset += field.width;
      }
      window.leave(depth);
      return value as ForeignValue<F>;
    },
    encode(emitter, value) {
      for (const [key, field] of entries) {
        if (!field.put(emitter.view, emitter.at, value[key], littleEndian))
          throw cannotEncode(`${name}: "${key}" does not fit ${field.label}`);
        emitter.at += field.width;
      }
    },
    size: () => width,
    maxSize: width,
    describe: () => entries.map(([key, field]) => `${key}: ${field.label}`).join(', '),
  };
}
