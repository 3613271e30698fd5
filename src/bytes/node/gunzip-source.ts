// A gzip file as the stream inside it: forward only, a few blocks in memory for any file size. Consecutive members form
// one stream, as in gunzip. Bytes after the last member are ignored.

import { pipeline } from 'node:stream';
import { constants, createGunzip, createInflateRaw } from 'node:zlib';
import { MigrationStreamError } from '../../base/errors.js';
import type { ByteSource } from '../source.js';
import { blocksOf } from './blocks.js';
import { readableSource } from './readable-source.js';

/** Size in bytes of one block of plain bytes. */
const CHUNK = 256 * 1024;

/**
 * The plain bytes of `outer`; offsets count them. Closing it closes `outer`. Data that are cut end where they are cut: the
 * reader of the stream says what is missing. Reads throw MigrationStreamError: `bad-container` when the data are damaged,
 * `not-seekable` for a step back.
 */
export function gunzipSource(outer: ByteSource): ByteSource {
  const gunzip = createGunzip({ chunkSize: CHUNK, finishFlush: constants.Z_SYNC_FLUSH });
  // The error, if there is one, is told by the stream itself.
  pipeline(blocksOf(outer), gunzip, () => {});
  return readableSource(gunzip, outer.label, {
    fail: (cause, offset) => gzipError(cause, offset),
    onClose: () => outer.close(),
  });
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
  const reason = reasonOf(cause);
  return new MigrationStreamError({
    code: 'bad-container',
    message: `the gzip data is damaged: ${reason}`,
    offset,
    hint: '`gzip -t` says the same',
    cause,
  });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
