// A source whose first bytes can be asked for afterwards: a pipe cannot be read twice, and what it began with is what
// an error should explain.

import type { ByteSource } from './source.js';

export interface HeadSource extends ByteSource {
  /** The first bytes, as many of `limit` as were read so far without a gap; a copy. */
  head(): Uint8Array;
}

/** `outer` unchanged, its first `limit` bytes kept as they pass. */
export function rememberHead(outer: ByteSource, limit: number): HeadSource {
  const kept = new Uint8Array(limit);
  let length = 0;
  return {
    label: outer.label,
    size: outer.size,
    seekable: outer.seekable,
    async read(into, at) {
      const got = await outer.read(into, at);
      if (at <= length && at + got > length && length < limit) {
        const part = into.subarray(length - at, Math.min(got, limit - at));
        kept.set(part, length);
        length += part.length;
      }
      return got;
    },
    close: () => outer.close(),
    head: () => kept.slice(0, length),
  };
}
