// A gzip file as the stream inside it: forward only, a few blocks in memory however large it is. Members that follow
// one another are one stream, as gunzip has it.

import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ByteSource } from '../source.js';
import { readableSource } from './readable-source.js';

/** Compressed bytes asked for at once, and plain bytes made at once. */
const BLOCK = 64 * 1024;

/**
 * What `outer` unpacks to. Offsets count the plain bytes. Closing it closes `outer`.
 * Its reads throw MigrationStreamError code `io` when the gzip data is damaged or cut, `not-seekable` for a step back.
 */
export function gunzipSource(outer: ByteSource): ByteSource {
  const gunzip = createGunzip({ chunkSize: BLOCK });
  // The error, if there is one, is told by the stream itself.
  pipeline(blocksOf(outer), gunzip, () => {});
  return readableSource(gunzip, `${outer.label} (gunzipped)`, {
    hint: 'the gzip data is damaged or was cut short; `gzip -t` says the same',
    onClose: () => outer.close(),
  });
}

async function* blocksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; ;) {
    const block = new Uint8Array(BLOCK);
    const got = await source.read(block, at);
    if (got === 0) return;
    at += got;
    yield block.subarray(0, got);
  }
}
