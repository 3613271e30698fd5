// Zeros that need no room: bytes written so that whole zero pieces of a file become holes.

import type { ByteSink } from './source.js';

/** Large enough that looking costs nothing, small enough to find holes; a multiple of every file system's block. */
const PIECE = 64 * 1024;
const ZEROS = new Uint8Array(PIECE);

/** Writes `bytes`, which will stand at `at` in the file, skipping pieces (at multiples of 64 KiB) that are all zeros. */
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
    if (Buffer.compare(bytes.subarray(done, done + length), ZEROS.subarray(0, length)) === 0) {
      await flush(done);
      await sink.skip(length);
      from = done + length;
    }
    done += length;
  }
  await flush(bytes.length);
}
