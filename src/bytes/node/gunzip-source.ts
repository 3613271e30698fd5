// A gzip file as the stream inside it: forward only, a few blocks in memory for any file size. Consecutive members form
// one stream, as in gunzip. Bytes after the last member are ignored.

import { pipeline } from 'node:stream';
import { createGunzip, createInflateRaw, type Gunzip } from 'node:zlib';
import { MigrationStreamError } from '../../base/errors.js';
import { readSource, type ByteSource } from '../source.js';
import { blocksOf } from './blocks.js';
import { readableSource } from './readable-source.js';
import { systemCode } from './system-error.js';

/** Size in bytes of one block of plain bytes. */
const CHUNK = 64 * 1024;
const SMALL = 4 * 1024;

/**
 * The plain bytes of `outer`; offsets count them. Closing it closes `outer`. Reads throw MigrationStreamError:
 * `truncated` when the data are cut, be it inside of the checksum behind the last byte, once every byte before was
 * read; `bad-container` when the data are damaged, with up to CHUNK bytes before the fault lost; `not-seekable` for a
 * step back.
 */
export function gunzipSource(outer: ByteSource): ByteSource {
  const gunzip = createGunzip({ chunkSize: CHUNK });
  let waits = (): void => {};
  // The stream itself reports the error, if there is one.
  void feed(outer, gunzip, () => new Promise((resolve) => (waits = resolve))).catch((error: unknown) =>
    gunzip.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return readableSource(gunzip, outer.label, {
    fail: gzipError,
    onWait: () => waits(),
    onClose: () => outer.close(),
  });
}

/** The end is told only when everything else was read: an error drops what the stream has buffered. */
async function feed(outer: ByteSource, gunzip: Gunzip, emptied: () => Promise<void>): Promise<void> {
  // One block for all: the stream is done with it when it calls back.
  const block = new Uint8Array(CHUNK);
  for (let at = 0, got; (got = await readSource(outer, block, at)) > 0; at += got) {
    // When zlib finds a fault, the plain bytes of the same piece are lost. So a short file and the end of a long file go
    // in small pieces.
    const step = at === 0 || got < CHUNK ? SMALL : CHUNK;
    for (let from = 0; from < got; from += step) {
      if (gunzip.destroyed) return;
      const piece = block.subarray(from, Math.min(got, from + step));
      await new Promise<void>((resolve) => gunzip.write(piece, () => resolve()));
    }
  }
  if (gunzip.readableLength > 0) await emptied();
  if (!gunzip.destroyed) gunzip.end();
}

/** The plain bytes of raw deflate data, as with `gunzipSource`. Bytes after the deflate data are ignored. */
export function inflateRawSource(outer: ByteSource): ByteSource {
  const inflate = createInflateRaw({ chunkSize: CHUNK });
  // The stream itself reports the error, if there is one.
  pipeline(blocksOf(outer), inflate, () => {});
  return readableSource(inflate, outer.label, {
    fail: (cause, offset) =>
      new MigrationStreamError({ code: 'bad-container', message: reasonOf(cause), offset, cause }),
    onClose: () => outer.close(),
  });
}

function gzipError(cause: unknown, offset: number): MigrationStreamError {
  if (cause instanceof MigrationStreamError) return cause;
  if (systemCode(cause) === 'Z_BUF_ERROR')
    return new MigrationStreamError({
      code: 'truncated',
      message: 'the gzip data ends too early',
      offset,
      hint: { code: 'copy-cut' },
      cause,
    });
  const reason = reasonOf(cause);
  return new MigrationStreamError({
    code: 'bad-container',
    message: `the gzip data is damaged: ${reason}`,
    offset,
    hint: { code: 'same-by', program: 'gzip -t' },
    cause,
  });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
