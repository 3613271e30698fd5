// Codecs made of codecs: a check in both directions, a value in another form, lists, and counted bytes.

import type { Hint } from '../../base/hint.js';
import { cannotEncode } from '../../bytes/emitter.js';
import type { Window } from '../../bytes/window.js';
import type { ErrorCode } from '../../base/errors.js';
import type { Codec } from './codec.js';

/** The complaint of a check about a value; undefined where the value is valid. */
export interface Complaint {
  readonly message: string;
  readonly hint?: Hint;
}

/**
 * `codec` with a check: every value must pass `complain`. Decoding throws `code` at the value's offset, encoding throws
 * `cannot-encode`.
 */
export function checked<T>(
  codec: Codec<T>,
  code: ErrorCode,
  complain: (value: T) => string | Complaint | undefined,
): Codec<T> {
  const complaintOf = (value: T): Complaint | undefined => {
    const found = complain(value);
    return typeof found === 'string' ? { message: found } : found;
  };
  return {
    ...codec,
    decode(window) {
      const offset = window.position;
      const value = codec.decode(window);
      const complaint = complaintOf(value);
      if (complaint === undefined) return value;
      const { message, hint } = complaint;
      throw window.fail(code, message, { offset, ...(hint === undefined ? {} : { hint }) });
    },
    encode(emitter, value) {
      const complaint = complaintOf(value);
      if (complaint !== undefined) throw cannotEncode(complaint.message);
      codec.encode(emitter, value);
    },
  };
}

/** `codec` with another form of its value: `toValue` after decoding, `toWire` before encoding. */
export function mapped<W, V>(codec: Codec<W>, toValue: (wire: W) => V, toWire: (value: V) => W): Codec<V> {
  return {
    decode: (window) => toValue(codec.decode(window)),
    encode: (emitter, value) => codec.encode(emitter, toWire(value)),
    size: (value) => codec.size(toWire(value)),
    maxSize: codec.maxSize,
    describe: () => codec.describe(),
  };
}

/** A number that stands for a name. Decoding throws `bad-payload` for a number without a name. */
export function symbol<K extends string, N extends number | bigint>(
  codec: Codec<N>,
  numbers: Readonly<Record<K, N>>,
  what: string,
): Codec<K> {
  const names = new Map(Object.entries<N>(numbers).map(([name, number]) => [number, name as K]));
  const known = checked(codec, 'bad-payload', (number) =>
    names.has(number) ? undefined : `unknown ${what} 0x${number.toString(16)}`,
  );
  return mapped(
    known,
    (number) => names.get(number)!,
    (name) => numbers[name],
  );
}

/** A count, then that number of elements. */
export function list<T>(count: Codec<number>, element: Codec<T>): Codec<readonly T[]> {
  return {
    decode(window) {
      const length = count.decode(window);
      const values: T[] = [];
      for (let i = 0; i < length; i += 1) values.push(element.decode(window));
      return values;
    },
    encode(emitter, values) {
      count.encode(emitter, values.length);
      for (const value of values) element.encode(emitter, value);
    },
    size: (values) => values.reduce((sum, value) => sum + element.size(value), count.size(values.length)),
    maxSize: Number.MAX_SAFE_INTEGER,
    describe: () => `${count.describe()} count × (${element.describe()})`,
  };
}

/** Elements without a count: they go on while `ahead` says that the next bytes are an element. */
export function repeated<T>(ahead: (window: Window) => boolean, element: Codec<T>): Codec<readonly T[]> {
  return {
    decode(window) {
      const values: T[] = [];
      while (ahead(window)) values.push(element.decode(window));
      return values;
    },
    encode(emitter, values) {
      for (const value of values) element.encode(emitter, value);
    },
    size: (values) => values.reduce((sum, value) => sum + element.size(value), 0),
    maxSize: Number.MAX_SAFE_INTEGER,
    describe: () => `any number × (${element.describe()})`,
  };
}

/** A length in bytes, then that number of bytes, as a copy. Lengths above `limit` are refused with `code`. */
export function sized(length: Codec<number>, limit: number, code: ErrorCode, what: string): Codec<Uint8Array> {
  const bounded = checked(length, code, (bytes) => (bytes > limit ? `${what} of ${bytes} bytes` : undefined));
  return {
    decode: (window) => window.take(bounded.decode(window)).slice(),
    encode(emitter, bytes) {
      bounded.encode(emitter, bytes.length);
      emitter.put(bytes);
    },
    size: (bytes) => length.size(bytes.length) + bytes.length,
    maxSize: length.maxSize + limit,
    describe: () => `${length.describe()} size × byte`,
  };
}

/** A length in bytes, then text of that length, one character per byte. */
export function sizedText(length: Codec<number>, limit: number, code: ErrorCode, what: string): Codec<string> {
  const bounded = checked(length, code, (bytes) => (bytes > limit ? `${what} of ${bytes} bytes` : undefined));
  return {
    decode: (window) => window.latin1(bounded.decode(window)),
    encode(emitter, text) {
      bounded.encode(emitter, text.length);
      emitter.latin1(text);
    },
    size: (text) => length.size(text.length) + text.length,
    maxSize: length.maxSize + limit,
    describe: () => `${length.describe()} length × character`,
  };
}

/** Bytes without a length: `lengthAhead` finds their end in the following bytes. */
export function until(lengthAhead: (window: Window) => number): Codec<Uint8Array> {
  return {
    decode: (window) => window.take(lengthAhead(window)).slice(),
    encode: (emitter, bytes) => emitter.put(bytes),
    size: (bytes) => bytes.length,
    maxSize: Number.MAX_SAFE_INTEGER,
    describe: () => 'bytes up to the next record',
  };
}
