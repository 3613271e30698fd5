// A gzip file as the stream inside it: forward only, a few blocks in memory however large it is. Members that follow
// one another are one stream, as gunzip has it; what stands behind the last member is ignored.

import { pipeline } from 'node:stream';
import { createGunzip, createInflateRaw, type Gunzip } from 'node:zlib';
import { MigrationStreamError } from '../../base/errors.js';
import type { ByteSource } from '../source.js';
import { blocksOf } from './blocks.js';
import { readableSource } from './readable-source.js';
import { systemCode } from './system-error.js';

/** Plain bytes made at once. */
const CHUNK = 256 * 1024;

/**
 * The plain bytes of `outer`; offsets count them. Closing it closes `outer`. Reads throw MigrationStreamError:
 * `truncated` when the gzip data is cut, `bad-container` when it is damaged, `not-seekable` for a step back.
 */
export function gunzipSource(outer: ByteSource): ByteSource {
  const gunzip = createGunzip({ chunkSize: CHUNK });
  // The error, if there is one, is told by the stream itself.
  pipeline(blocksThenRest(outer, gunzip), gunzip, () => {});
  return readableSource(gunzip, outer.label, {
    fail: (cause, offset) => gzipError(cause, offset),
    onClose: () => outer.close(),
  });
}

/** The plain bytes of raw deflate data, as `gunzipSource`; what stands behind them is ignored. */
export function inflateRawSource(outer: ByteSource): ByteSource {
  const inflate = createInflateRaw({ chunkSize: CHUNK });
  // The error, if there is one, is told by the stream itself.
  pipeline(blocksOf(outer), inflate, () => {});
  return readableSource(inflate, outer.label, {
    fail: (cause, offset) =>
      new MigrationStreamError({ code: 'bad-container', message: reasonOf(cause), offset, cause }),
    onClose: () => outer.close(),
  });
}

/** The end comes when everything before it was read: an error at the end drops what node still holds. */
async function* blocksThenRest(outer: ByteSource, gunzip: Gunzip): AsyncGenerator<Uint8Array> {
  yield* blocksOf(outer);
  while (!gunzip.destroyed && gunzip.readableLength + gunzip.writableLength > 0)
    await new Promise((resolve) => setTimeout(resolve, 1));
}

function gzipError(cause: unknown, offset: number): MigrationStreamError {
  if (cause instanceof MigrationStreamError) return cause;
  const reason = reasonOf(cause);
  const cut = systemCode(cause) === 'Z_BUF_ERROR';
  return new MigrationStreamError({
    code: cut ? 'truncated' : 'bad-container',
    message: cut ? 'the gzip data ends too early' : `the gzip data is damaged: ${reason}`,
    offset,
    hint: 'the gzip data is damaged or was cut short; `gzip -t` says the same',
    cause,
  });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
