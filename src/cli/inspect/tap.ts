// Keeps the bytes of one span while they go by, since a pipe cannot be read again.

import { readSource, readThrough, type ByteSource } from '../../bytes/source.js';
import type { Span } from '../../base/span.js';

export interface Tap {
  readonly source: ByteSource;
  /** The bytes of the span, as many as there are: read again where the source can be sought. */
  bytes(): Promise<Uint8Array>;
}

export function tapSource(outer: ByteSource, wanted: Span): Tap {
  const kept = new Uint8Array(wanted.end - wanted.start);
  let end = wanted.start;
  const source = readThrough(outer, async (into, at) => {
    const got = await outer.read(into, at);
    const from = Math.max(at, wanted.start);
    const to = Math.min(at + got, wanted.end);
    if (!outer.seekable && from < to) {
      kept.set(into.subarray(from - at, to - at), from - wanted.start);
      end = to;
    }
    return got;
  });
  return {
    source,
    async bytes() {
      if (outer.seekable) end = wanted.start + (await readSource(outer, kept, wanted.start));
      return kept.subarray(0, end - wanted.start);
    },
  };
}
