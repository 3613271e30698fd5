// Old bytes in a mapped-ram file: a page that was sent and became zero later keeps its bytes in the file while its bit
// is clear. Nothing but reading the place tells such a page from a hole: Node has no SEEK_HOLE.

import { readSource, type ByteSource } from '../../bytes/source.js';
import { mappedBitmapSize } from '../../wire/mapped-ram.js';
import { MAX_PAGE_BITMAP } from '../../limits.js';
import { MappedBitmap } from './bitmap.js';

const CHUNK = 1024 * 1024;

/** Where one block stands in the stream, in bytes. */
export interface MappedBlockPlace {
  readonly bitmap: number;
  readonly pages: number;
  readonly usedLength: number;
}

/**
 * Pages with a clear bit and other bytes than zeros in their place. Reads the place of every zero page. Undefined: the
 * bitmap cannot be read.
 * @throws MigrationStreamError code `io`
 */
export async function countStalePages(
  source: ByteSource,
  { bitmap, pages, usedLength }: MappedBlockPlace,
  pageSize: number,
): Promise<number | undefined> {
  const size = mappedBitmapSize(usedLength, pageSize);
  if (!source.seekable || size > MAX_PAGE_BITMAP || bitmap < 0 || bitmap + size > (source.size ?? 0)) return undefined;
  const bits = new Uint8Array(size);
  if ((await readSource(source, bits, bitmap)) < size) return undefined;
  const map = new MappedBitmap(bits, Math.ceil(usedLength / pageSize));
  const chunk = new Uint8Array(CHUNK);
  const words = new Uint32Array(chunk.buffer);
  let stale = 0;
  for (let page = 0; page < map.pages;) {
    const next = map.change(page, map.pages);
    for (let at = page; !map.has(page) && at < next;) {
      const count = Math.min(next - at, CHUNK / pageSize);
      const wanted = Math.min(count * pageSize, usedLength - at * pageSize);
      const got = await readSource(source, chunk.subarray(0, wanted), pages + at * pageSize);
      chunk.fill(0, got, count * pageSize);
      for (let k = 0; k < count; k += 1) if (!allZero(words, (k * pageSize) / 4, ((k + 1) * pageSize) / 4)) stale += 1;
      at += count;
    }
    page = next;
  }
  return stale;
}

function allZero(words: Uint32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i += 1) if (words[i] !== 0) return false;
  return true;
}
