// A look at the first bytes of a source that leaves the source whole: a pipe gives these bytes again.

import { readSource, readThrough, type ByteSource } from './source.js';

export interface PeekSource extends ByteSource {
  /** The first `length` bytes; fewer only where the source is shorter. The source owns the result. */
  peek(length: number): Promise<Uint8Array>;
}

/** `outer` unchanged. `read` repeats, once, the bytes that `peek` took from a pipe. */
export function peekSource(outer: ByteSource): PeekSource {
  let kept: Uint8Array = new Uint8Array(0);
  let ended = false;
  const peek = async (length: number): Promise<Uint8Array> => {
    if (length <= kept.length || ended) return kept.subarray(0, length);
    const bytes = new Uint8Array(length);
    bytes.set(kept);
    let got = kept.length;
    while (got < length) {
      const more = await readSource(outer, bytes.subarray(got), got);
      if (more === 0) {
        ended = true;
        break;
      }
      got += more;
    }
    kept = bytes.subarray(0, got);
    return kept;
  };
  const source = readThrough(outer, async (into, at) => {
    if (outer.seekable || at >= kept.length) return outer.read(into, at);
    const part = kept.subarray(at, at + into.length);
    into.set(part);
    return part.length;
  });
  return { ...source, peek };
}
