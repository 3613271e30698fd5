// The two small ports that bytes come from and go to, and the sources that need no operating system (memory, a range of
// another source). The sources of node are in bytes/node/.

import { concatBytes } from '../base/bytes.js';
import { disposable } from '../base/dispose.js';
import { MigrationStreamError } from '../base/errors.js';

/** A pull source. The caller owns the buffer; the source keeps no reference to it after the promise settles. */
export interface ByteSource {
  /** For error texts: a path, "stdin", "memory". */
  readonly label: string;
  /** Number of bytes; undefined where it cannot be known (a pipe). */
  readonly size: number | undefined;
  /** False: reads must go forward without a gap. */
  readonly seekable: boolean;
  /**
   * Reads at `at` (bytes from the start) into `into`; the result is the number of bytes, 0 only at the end. A seekable
   * source is short only at the end; a forward source may be short at any time. Reads of a seekable source may overlap
   * in time.
   */
  read(into: Uint8Array, at: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * `source.read`, with every error turned into an error of this package, apart from the reason of a signal.
 * @throws MigrationStreamError code `io`
 */
export async function readSource(source: ByteSource, into: Uint8Array, at: number): Promise<number> {
  try {
    return await source.read(into, at);
  } catch (cause) {
    if (cause instanceof MigrationStreamError || (source as Partial<AbortableSource>).signal?.aborted === true)
      throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MigrationStreamError({
      code: 'io',
      message: `cannot read ${source.label}: ${reason}`,
      offset: at,
      cause,
    });
  }
}

/** A source whose reads throw the signal's reason once it is aborted (abort.ts). */
export interface AbortableSource extends ByteSource {
  readonly signal: AbortSignal;
}

/** A push sink. Bytes given to `write` are a loan until the promise of the write settles. */
export interface ByteSink {
  readonly label: string;
  /**
   * The path that holds the written bytes until `commit` moves the file to its destination; undefined where there is
   * none.
   */
  readonly staged?: string | undefined;
  /** Where in the file at `staged` the written bytes begin; default 0. */
  readonly stagedAt?: number | undefined;
  write(bytes: Uint8Array): Promise<void>;
  /** Leaves a hole of zeros in a sink with holes (a file); other sinks write zeros. */
  skip(length: number): Promise<void>;
  /** Writes at any offset, also behind the last byte that was written; undefined where bytes only go forward. */
  readonly patch?: ((bytes: Uint8Array, at: number) => Promise<void>) | undefined;
  /** Everything is written: make the output appear. */
  commit(): Promise<void>;
  /** Leaves nothing behind. Never throws. */
  abort(): Promise<void>;
}

/** `outer`, read by `read`. Closing it closes `outer`. */
export function readThrough(outer: ByteSource, read: ByteSource['read']): ByteSource {
  const { label, size, seekable } = outer;
  return { label, size, seekable, read, close: () => outer.close() };
}

/** Bytes in memory as a source. The caller owns them and must not change them while the source is read. */
export function memorySource(bytes: Uint8Array, label = 'memory'): ByteSource & AsyncDisposable {
  return disposable({
    label,
    size: bytes.length,
    seekable: true,
    async read(into, at) {
      const part = bytes.subarray(at, at + into.length);
      into.set(part);
      return part.length;
    },
    async close() {},
  });
}

/** Bytes `start` to `end` of an outer source, as a separate source. Closing it closes the outer source. */
export function rangeSource(outer: ByteSource, start: number, end: number | undefined): ByteSource & AsyncDisposable {
  const stop = end ?? outer.size;
  return disposable({
    label: outer.label,
    size: stop === undefined ? undefined : Math.max(0, stop - start),
    seekable: outer.seekable,
    read(into, at) {
      const room = stop === undefined ? into.length : Math.max(0, Math.min(into.length, stop - start - at));
      return room === 0 ? Promise.resolve(0) : outer.read(into.subarray(0, room), start + at);
    },
    close: () => outer.close(),
  });
}

/** Hides size and seekability, so that the source behaves like a pipe. It refuses to go back. */
export function forwardSource(outer: ByteSource): ByteSource & AsyncDisposable {
  let position = 0;
  return disposable({
    label: outer.label,
    size: undefined,
    seekable: false,
    async read(into, at) {
      if (at !== position) {
        throw new MigrationStreamError({
          code: 'not-seekable',
          message: `${outer.label} can only be read forward`,
          offset: at,
          hint: { code: 'save-to-file' },
        });
      }
      const got = await outer.read(into, at);
      position += got;
      return got;
    },
    close: () => outer.close(),
  });
}

/** A sink that keeps everything in memory: for tests and small results. */
export function memorySink(): ByteSink & { bytes(): Uint8Array } {
  const parts: Uint8Array[] = [];
  return {
    label: 'memory',
    async write(bytes) {
      parts.push(bytes.slice());
    },
    async skip(length) {
      parts.push(new Uint8Array(length));
    },
    async commit() {},
    async abort() {
      parts.length = 0;
    },
    bytes: () => concatBytes(parts),
  };
}
