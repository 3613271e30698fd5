// The type of a codec, and the codecs of plain fields. record.ts makes records from them; combine.ts makes checks,
// lists and counted bytes. A codec that lacks a direction does not compile. These codecs serve the cold path only: page
// records have a separate loop (ram/page-loop.ts).

import { quote } from '../../base/quote.js';
import { cannotEncode, Emitter } from '../../bytes/emitter.js';
import type { Window } from '../../bytes/window.js';
import { MAX_COUNTED_STRING } from '../../limits.js';

/** Both directions of one item on the wire. */
export interface Codec<T> {
  /** Reads a value. Throws MigrationStreamError, `truncated` when bytes run out. */
  decode(window: Window): T;
  /** Writes a value. Throws MigrationStreamError `cannot-encode` for a value that the wire cannot represent. */
  encode(emitter: Emitter, value: T): void;
  /** Number of bytes that `encode` will write. */
  size(value: T): number;
  /** Upper bound of `size`: the number of bytes to fill or to reserve. */
  readonly maxSize: number;
  /** One line of description, for docs/format.md. */
  describe(): string;
}

/** An integer field of fixed width. */
function integer(
  width: number,
  label: string,
  get: (window: Window) => number,
  put: (emitter: Emitter, value: number) => void,
): Codec<number> {
  const limit = width === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (8 * width) - 1;
  return {
    decode: get,
    encode(emitter, value) {
      if (!Number.isInteger(value) || value < 0 || value > limit) throw cannotEncode(`${value} does not fit ${label}`);
      put(emitter, value);
    },
    size: () => width,
    maxSize: width,
    describe: () => label,
  };
}

export const u8 = integer(
  1,
  'u8',
  (w) => w.u8(),
  (e, v) => e.u8(v),
);
export const be16 = integer(
  2,
  'be16',
  (w) => w.u16(),
  (e, v) => e.u16(v),
);
export const be32 = integer(
  4,
  'be32',
  (w) => w.u32(),
  (e, v) => e.u32(v),
);
/** A be64 that counts or addresses bytes: below 2^53, otherwise `address-too-large`. */
export const be64 = integer(
  8,
  'be64',
  (w) => w.u64(),
  (e, v) => e.u64(v),
);

/** Any be64. */
export const be64big: Codec<bigint> = {
  decode: (window) => window.u64big(),
  encode(emitter, value) {
    if (value < 0n || value >= 1n << 64n) throw cannotEncode(`${value} does not fit be64`);
    emitter.u64big(value);
  },
  size: () => 8,
  maxSize: 8,
  describe: () => 'be64',
};

/** `cstr8`: u8 length, then that many bytes, no NUL. QEMU: qemu_get_counted_string(). */
export const counted: Codec<string> = {
  decode: (window) => window.latin1(window.u8()),
  encode(emitter, value) {
    if (value.length > MAX_COUNTED_STRING)
      throw cannotEncode(`${quote(value.slice(0, 40))} and more is longer than 255 bytes`);
    emitter.u8(value.length);
    emitter.latin1(value);
  },
  size: (value) => 1 + value.length,
  maxSize: 1 + MAX_COUNTED_STRING,
  describe: () => 'cstr8',
};

/** Exactly `length` bytes, as a copy. */
export function bytesOf(length: number): Codec<Uint8Array> {
  return {
    decode: (window) => window.take(length).slice(),
    encode(emitter, value) {
      if (value.length !== length) throw cannotEncode(`${value.length} bytes where the wire has ${length}`);
      emitter.put(value);
    },
    size: () => length,
    maxSize: length,
    describe: () => `${length} bytes`,
  };
}

/** The type of the decoded value of a codec. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never;

/** The bytes of `value`, in a new array. */
export function encodeBytes<T>(codec: Codec<T>, value: T): Uint8Array {
  const emitter = new Emitter(undefined, codec.size(value));
  codec.encode(emitter, value);
  return emitter.bytes.subarray(0, emitter.at);
}
