// A pipe in which reads may leave bytes out: they are read and dropped.

import { readThrough, type ByteSource } from './source.js';

const WASTE = 64 * 1024;

/** `outer` may be read at any place that was not passed. @throws as `outer`: `not-seekable` for a step back */
export function forwardWithGaps(outer: ByteSource): ByteSource {
  let position = 0;
  return readThrough(outer, async (into, at) => {
    const waste = new Uint8Array(at > position ? WASTE : 0);
    while (position < at) {
      const got = await outer.read(waste.subarray(0, Math.min(WASTE, at - position)), position);
      if (got === 0) return 0;
      position += got;
    }
    const got = await outer.read(into, at);
    position = at + got;
    return got;
  });
}
