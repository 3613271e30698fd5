// Zeros without disk space: whole pieces of zeros in a file become holes.

import { allZero } from '../base/bytes.js';
import type { ByteSink } from './source.js';

/** Large enough to make the check cheap, small enough to find holes; a multiple of every file system's block size. */
const PIECE = 64 * 1024;

/** Writes `bytes` to offset `at` of the file, and skips pieces (at multiples of 64 KiB) that contain only zeros. */
export async function writeWithHoles(
  sink: Pick<ByteSink, 'write' | 'skip'>,
  bytes: Uint8Array,
  at: number,
): Promise<void> {
  let from = 0;
  const flush = async (end: number): Promise<void> => {
    if (end > from) await sink.write(bytes.subarray(from, end));
  };
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(bytes.length - done, PIECE - ((at + done) % PIECE));
    if (allZero(bytes.subarray(done, done + length))) {
      await flush(done);
      await sink.skip(length);
      from = done + length;
    }
    done += length;
  }
  await flush(bytes.length);
}
