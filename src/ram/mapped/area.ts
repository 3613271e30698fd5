// The file area of one mapped-ram block, from behind its header to the end of its pages: bitmap, padding, pages. QEMU:
// parse_ramblock_mapped_ram() and read_ramblock_mapped_ram(), migration/ram.c.

import type { Cursor } from '../../bytes/cursor.js';
import { readSource } from '../../bytes/source.js';
import { span, type Span } from '../../base/span.js';
import { MAX_FILL, MAX_PAGE_BITMAP } from '../../limits.js';
import { mappedBitmapSize } from '../../wire/mapped-ram.js';
import type { RamEvent } from '../event.js';
import type { PageRuns } from '../page-runs.js';
import { MappedBitmap } from './bitmap.js';

/** Places in the stream, in bytes. `end` is the end of the pages. */
export interface MappedPlace {
  readonly block: number;
  readonly bitmap: number;
  readonly pages: number;
  readonly end: number;
}

/**
 * The area as events. With `bodies` every byte is handed out; without, a source that can be sought gives up nothing but
 * the bitmap. `runs` is reused for every `mapped-pages` event.
 * @throws MigrationStreamError `truncated`, `io`
 */
export async function* readMappedArea(
  cursor: Cursor,
  place: MappedPlace,
  runs: PageRuns,
  bodies: boolean,
): AsyncGenerator<RamEvent> {
  const { block, end } = place;
  const bits = bitmapRoom(place, cursor, runs.pageSize);
  if (!bodies) {
    const start = cursor.position;
    const bitmap = await readBitmap(cursor, place, bits, runs.pageSize);
    await cursor.skip(end - cursor.position);
    if (bitmap !== undefined) yield* placesOf(bitmap, place, runs, span(start, start));
    yield { kind: 'mapped-area', block, bytes: new Uint8Array(0), last: true, span: span(start, end) };
    return;
  }
  // The bitmap passes by, unless it stands elsewhere in the file.
  let bitmap = inside(place, cursor, runs.pageSize) ? undefined : await readBitmap(cursor, place, bits, runs.pageSize);
  while (cursor.position < end) {
    const inPages = cursor.position >= place.pages;
    const limit = inPages ? end : place.pages;
    await cursor.fill(inPages ? runs.pageSize : 1);
    const start = cursor.position;
    if (cursor.available === 0) throw cursor.truncated(end - start);
    const whole = cursor.available - (cursor.available % runs.pageSize);
    const bytes = cursor.take(Math.min(inPages && whole > 0 ? whole : cursor.available, limit - start));
    if (!inPages && bits !== undefined && bitmap === undefined) {
      const from = start - place.bitmap;
      if (from < bits.length && from + bytes.length > 0) {
        bits.set(bytes.subarray(Math.max(0, -from), bits.length - from), Math.max(0, from));
      }
      if (cursor.position >= place.bitmap + bits.length) bitmap = new MappedBitmap(bits, pagesOf(place, runs.pageSize));
    }
    yield { kind: 'mapped-area', block, bytes, last: cursor.position === end, span: span(start, cursor.position) };
    if (inPages && bitmap !== undefined) yield* bytesOf(bitmap, place, runs, bytes, start);
  }
}

const pagesOf = (place: MappedPlace, pageSize: number): number => Math.ceil((place.end - place.pages) / pageSize);

/** Room for the bitmap; undefined where it is too large, or cannot be read at all. */
function bitmapRoom(place: MappedPlace, cursor: Cursor, pageSize: number): Uint8Array | undefined {
  const size = mappedBitmapSize(place.end - place.pages, pageSize);
  if (size > MAX_PAGE_BITMAP || place.bitmap < 0) return undefined;
  const { source } = cursor;
  // A length that the file does not have makes no buffer: reading the area will say that it is cut.
  if (source.size !== undefined && Math.max(place.bitmap + size, place.end) > source.size) return undefined;
  if (!inside(place, cursor, pageSize) && !source.seekable) return undefined;
  return new Uint8Array(size);
}

/** Does the whole bitmap stand in front of the pages, where reading has not come to yet? */
function inside(place: MappedPlace, cursor: Cursor, pageSize: number): boolean {
  const size = mappedBitmapSize(place.end - place.pages, pageSize);
  return place.bitmap >= cursor.position && place.bitmap + size <= place.pages;
}

/** The bitmap alone, out of a source that can be sought, or out of what comes next. */
async function readBitmap(
  cursor: Cursor,
  place: MappedPlace,
  bits: Uint8Array | undefined,
  pageSize: number,
): Promise<MappedBitmap | undefined> {
  if (bits === undefined) return undefined;
  if (cursor.source.seekable) {
    const got = await readSource(cursor.source, bits, place.bitmap);
    if (got < bits.length) return undefined;
  } else {
    await cursor.skip(place.bitmap - cursor.position);
    for (let at = 0; at < bits.length;) {
      await cursor.fill(Math.min(bits.length - at, MAX_FILL));
      if (cursor.available === 0) throw cursor.truncated(bits.length - at);
      const part = cursor.take(Math.min(cursor.available, bits.length - at));
      bits.set(part, at);
      at += part.length;
    }
  }
  return new MappedBitmap(bits, pagesOf(place, pageSize));
}

/** Runs of the whole block without bytes: where its pages stand. */
function* placesOf(bitmap: MappedBitmap, place: MappedPlace, runs: PageRuns, here: Span): Generator<RamEvent> {
  runs.bytes = new Uint8Array(0);
  for (let page = 0; page < bitmap.pages;) {
    runs.base = place.pages + page * runs.pageSize;
    page = bitmap.fill(runs, place.block, page, bitmap.pages, 0);
    yield { kind: 'mapped-pages', block: place.block, runs, span: here };
  }
}

/** Runs over `bytes`, whole pages which stand at `start`. */
function* bytesOf(
  bitmap: MappedBitmap,
  place: MappedPlace,
  runs: PageRuns,
  bytes: Uint8Array,
  start: number,
): Generator<RamEvent> {
  const { pageSize } = runs;
  const here = span(start + bytes.length, start + bytes.length);
  const first = Math.floor((start - place.pages) / pageSize);
  const end = Math.min(bitmap.pages, first + Math.floor(bytes.length / pageSize));
  runs.bytes = bytes;
  runs.base = start;
  for (let page = first; page < end;) {
    page = bitmap.fill(runs, place.block, page, end, (page - first) * pageSize);
    yield { kind: 'mapped-pages', block: place.block, runs, span: here };
  }
}
