// A source that remembers its first bytes. A pipe cannot be read twice, and an error message should explain how the
// input began.

import { readThrough, type ByteSource } from './source.js';

export interface HeadSource extends ByteSource {
  /** The first bytes, as a copy: at most `limit`, as far as they were read without a gap. */
  head(): Uint8Array;
}

/** `outer` unchanged; its first `limit` bytes are kept when they are read. */
export function rememberHead(outer: ByteSource, limit: number): HeadSource {
  const kept = new Uint8Array(limit);
  let length = 0;
  const source = readThrough(outer, async (into, at) => {
    const got = await outer.read(into, at);
    if (at <= length && at + got > length && length < limit) {
      const part = into.subarray(length - at, Math.min(got, limit - at));
      kept.set(part, length);
      length += part.length;
    }
    return got;
  });
  return { ...source, head: () => kept.slice(0, length) };
}
