// A bomb is a small file that decompresses for ever. Reading is pulled and holds no more than the reader asks for, so
// only time can be wasted; this bound ends that.

import { MigrationStreamError } from '../../base/errors.js';
import { readThrough, type ByteSource } from '../../bytes/source.js';
import { FREE_EXPANSION, MAX_EXPANSION } from '../../limits.js';

export interface CountedSource extends ByteSource {
  /** Bytes that were read so far. */
  readonly taken: number;
}

export function counted(outer: ByteSource): CountedSource {
  let taken = 0;
  const source = readThrough(outer, async (into, at) => {
    const got = await outer.read(into, at);
    taken = Math.max(taken, at + got);
    return got;
  });
  return {
    ...source,
    get taken() {
      return taken;
    },
  };
}

/** `plain` until it grows beyond every proportion to `input`. Reads throw MigrationStreamError `limit-exceeded`. */
export function bounded(
  plain: ByteSource,
  input: CountedSource,
  format: string,
  free: number = FREE_EXPANSION,
): ByteSource {
  return readThrough(plain, async (into, at) => {
    const got = await plain.read(into, at);
    if (at + got > free && at + got > input.taken * MAX_EXPANSION)
      throw new MigrationStreamError({
        code: 'limit-exceeded',
        message: `the ${format} data expands more than ${MAX_EXPANSION} times`,
        offset: at,
        hint: { code: 'trust-decompressed', program: format },
      });
    return got;
  });
}
