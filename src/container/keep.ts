// Containers written again around another stream: the way back of open.ts. What is not edited is copied.

import type { Hint } from '../base/hint.js';
import { MigrationStreamError } from '../base/errors.js';
import { writeWithHoles } from '../bytes/holes.js';
import { readSource, type ByteSink, type ByteSource } from '../bytes/source.js';
import type { Kept, KeepContext, Layer } from './container.js';

/**
 * `layers` (outermost first) around the stream that the answer's sink takes. The caller commits or aborts that sink,
 * and aborts `sink` when this throws.
 * @throws MigrationStreamError `cannot-encode` for a container that cannot be written again, `unsupported`, `io`
 */
export async function keepContainers(
  layers: readonly Layer[],
  sink: ByteSink,
  context: KeepContext = {},
): Promise<Kept> {
  let current = sink;
  let shift = 0;
  for (const { keep, facts } of layers) {
    if (keep === undefined) throw notKept(`${facts.title} cannot be written again around another stream`);
    const kept = await keep(current, context);
    current = kept.sink;
    shift += kept.shift;
  }
  return { sink: current, shift };
}

/** `sink` without `patch`: its bytes stand further in than the container counts. */
export function forward({ label, write, skip, commit, abort }: ByteSink): ByteSink {
  return { label, write, skip, commit, abort };
}

/** The refusal of a container, with the two ways around it. */
export function notKept(message: string, hint: Hint = { code: 'bare' }): MigrationStreamError {
  return new MigrationStreamError({ code: 'cannot-encode', message, hint });
}

const PIECE = 1024 * 1024;

/**
 * Copies bytes `start` to `end` of `source`; 64 KiB pieces of zeros become holes. @throws as source and sink;
 * `truncated`
 */
export async function copyRange(source: ByteSource, start: number, end: number, sink: ByteSink): Promise<void> {
  const piece = new Uint8Array(PIECE);
  for (let at = start; at < end;) {
    const got = await readSource(source, piece.subarray(0, Math.min(PIECE, end - at)), at);
    if (got === 0)
      throw new MigrationStreamError({ code: 'truncated', message: `${source.label} became shorter`, offset: at });
    await writeWithHoles(sink, piece.subarray(0, got), at);
    at += got;
  }
}

/** `sink`, whose `commit` calls `end` first, with the number of bytes that were written. */
export function ending(sink: ByteSink, end: (written: number) => Promise<void>): ByteSink {
  let written = 0;
  return {
    ...sink,
    async write(bytes) {
      await sink.write(bytes);
      written += bytes.length;
    },
    async skip(length) {
      await sink.skip(length);
      written += length;
    },
    async commit() {
      await end(written);
      await sink.commit();
    },
  };
}

/** `sink` with zeros behind the last byte up to `size`. `commit` throws `cannot-encode` when more was written. */
export function padded(sink: ByteSink, size: number): ByteSink {
  return ending(sink, async (written) => {
    if (written > size)
      throw notKept(`the result has ${written} bytes, and the volume has ${size}`, { code: 'larger-volume' });
    await sink.skip(size - written);
  });
}
