// A source as a sequence of blocks, the input of node's streams and of programs.

import { readSource, type ByteSource } from '../source.js';

const BLOCK = 256 * 1024;

/** Each block is a separate buffer: the consumer may keep it. @throws as the source */
export async function* blocksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; ;) {
    const block = new Uint8Array(BLOCK);
    const got = await readSource(source, block, at);
    if (got === 0) return;
    at += got;
    yield block.subarray(0, got);
  }
}
