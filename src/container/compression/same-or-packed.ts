// A compressed file written again. While the plain bytes are those of the file, nothing is written: bytes that end as
// the file does are answered with a copy of the file, since no compressor makes the same bytes twice. At the first
// difference everything is compressed, the equal bytes from a second reading.

import { equalBytes } from '../../base/bytes.js';
import type { Compressor } from '../../bytes/compressor.js';
import { readSource, type ByteSink, type ByteSource } from '../../bytes/source.js';
import { copyRange } from '../keep.js';

const PIECE = 256 * 1024;
const ZEROS = new Uint8Array(PIECE);

/**
 * `file`: the compressed bytes, which can be sought; `open`: a new reading of its plain bytes. `commit` and `abort` are
 * passed on to `sink`. Its methods throw as `open`, `compressor`, `sink`.
 */
export function sameOrPacked(
  file: ByteSource,
  open: () => Promise<ByteSource>,
  compressor: Compressor,
  sink: ByteSink,
): ByteSink {
  /** Plain bytes that are equal so far. */
  let equal = 0;
  let reading: ByteSource | undefined;
  let packed: ByteSink | undefined;
  const piece = new Uint8Array(PIECE);

  /** How many of `bytes` the file goes on with. */
  const follow = async (bytes: Uint8Array): Promise<number> => {
    reading ??= await open();
    for (let done = 0; done < bytes.length;) {
      const part = piece.subarray(0, Math.min(piece.length, bytes.length - done));
      const got = await readSource(reading, part, equal + done);
      if (got === 0 || !equalBytes(part.subarray(0, got), bytes.subarray(done, done + got))) return done;
      done += got;
    }
    return bytes.length;
  };
  const ends = async (): Promise<boolean> => {
    reading ??= await open();
    return (await readSource(reading, piece.subarray(0, 1), equal)) === 0;
  };
  /** Compresses what was equal. */
  const begin = async (): Promise<ByteSink> => {
    await reading?.close();
    reading = undefined;
    packed = await compressor(sink);
    if (equal === 0) return packed;
    const source = await open();
    try {
      await copyPlain(source, equal, packed);
    } finally {
      await source.close();
    }
    return packed;
  };
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (packed !== undefined) return packed.write(bytes);
    const same = await follow(bytes);
    equal += same;
    if (same < bytes.length) await (await begin()).write(bytes.subarray(same));
  };
  return {
    label: sink.label,
    write,
    async skip(length) {
      for (let left = length; left > 0; left -= PIECE) await write(ZEROS.subarray(0, Math.min(left, PIECE)));
    },
    async commit() {
      if (packed === undefined && !(await ends())) await begin();
      await reading?.close();
      if (packed !== undefined) return packed.commit();
      await copyRange(file, 0, file.size!, sink);
      await sink.commit();
    },
    async abort() {
      await reading?.close().catch(() => {});
      await (packed ?? sink).abort();
    },
  };
}

async function copyPlain(source: ByteSource, length: number, sink: ByteSink): Promise<void> {
  const piece = new Uint8Array(PIECE);
  for (let at = 0; at < length;) {
    const got = await readSource(source, piece.subarray(0, Math.min(PIECE, length - at)), at);
    if (got === 0) return;
    await sink.write(piece.subarray(0, got));
    at += got;
  }
}
