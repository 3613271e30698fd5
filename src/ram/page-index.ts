// HOT. Which pages of each block came, how, and how often: counts by kind, and a bitmap that tells a page sent again
// from a new one. Runs make this word-wise. Bitmaps are made as pages come, in chunks, up to one limit in all, so a
// file that claims 2^52 bytes costs nothing.

import { MAX_PAGE_BITMAP } from '../limits.js';
import { countOnes } from './ones.js';
import { pageKind, type PageRuns } from './page-runs.js';

/** Page records seen for one block. */
export interface PageCounts {
  zero: number;
  page: number;
  xbzrle: number;
  compressed: number;
  /** ZERO records whose fill byte is not 0: QEMU 8.2 and later refuse them. */
  filled: number;
  /** Bytes of the records in the stream, headers included. */
  bytes: number;
  /** Different pages among them; undefined when the block is too large to keep count of. */
  distinct: number | undefined;
}

/** 64 KiB of bits: 2 GiB of 4 KiB pages. */
const CHUNK_WORDS = 16 * 1024;
const CHUNK_PAGES = CHUNK_WORDS * 32;

/** Counts page records by block and kind, and tells pages that came again from new ones. Memory is bounded. */
export class PageIndex {
  private readonly blocks: { readonly counts: PageCounts; readonly chunks: Map<number, Uint32Array> }[] = [];
  private budget = MAX_PAGE_BITMAP;

  /** Counts of block `index`, all zero when it had no page. */
  counts(index: number): Readonly<PageCounts> {
    return this.block(index).counts;
  }

  add(runs: PageRuns): void {
    for (let i = 0; i < runs.count; i += 1) {
      const { counts, chunks } = this.block(runs.block[i]!);
      const pages = runs.pages[i]!;
      counts.bytes += pages * runs.stride(i);
      switch (runs.kind[i]) {
        case pageKind.zero:
          counts.zero += pages;
          if (runs.fill[i] !== 0) counts.filled += pages;
          break;
        case pageKind.page:
          counts.page += pages;
          break;
        case pageKind.xbzrle:
          counts.xbzrle += pages;
          break;
        default:
          counts.compressed += pages;
      }
      if (counts.distinct !== undefined) {
        const fresh = this.mark(chunks, runs.addr[i]! / runs.pageSize, pages);
        counts.distinct = fresh === undefined ? undefined : counts.distinct + fresh;
      }
    }
  }

  /** Has page `page` of block `index` come? Undefined when no count could be kept. */
  has(index: number, page: number): boolean | undefined {
    const { counts, chunks } = this.block(index);
    if (counts.distinct === undefined) return undefined;
    const bit = page % CHUNK_PAGES;
    return (((chunks.get(Math.floor(page / CHUNK_PAGES))?.[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  }

  /**
   * Ranges of pages of block `index` that never came, out of `pages`, at most `limit` of them. Undefined when no count
   * could be kept.
   */
  absent(
    index: number,
    pages: number,
    limit: number,
  ): { readonly first: number; readonly count: number }[] | undefined {
    const { counts, chunks } = this.block(index);
    if (counts.distinct === undefined) return undefined;
    const ranges: { first: number; count: number }[] = [];
    let open: { first: number; count: number } | undefined;
    for (let page = 0; page < pages && ranges.length < limit;) {
      const words = chunks.get(Math.floor(page / CHUNK_PAGES));
      const bit = page % CHUNK_PAGES;
      // As many pages at once as are alike: a chunk that was never made, a whole word, or one page.
      const width =
        words === undefined
          ? CHUNK_PAGES - bit
          : (bit & 31) === 0 && (words[bit >>> 5] === 0 || words[bit >>> 5] === 0xffff_ffff)
            ? 32
            : 1;
      const came = words !== undefined && ((words[bit >>> 5]! >>> (bit & 31)) & 1) === 1;
      const count = Math.min(width, pages - page);
      if (came) open = undefined;
      else if (open === undefined) ranges.push((open = { first: page, count }));
      else open.count += count;
      page += count;
    }
    return ranges;
  }

  private block(index: number): (typeof this.blocks)[number] {
    return (this.blocks[index] ??= {
      counts: { zero: 0, page: 0, xbzrle: 0, compressed: 0, filled: 0, bytes: 0, distinct: 0 },
      chunks: new Map(),
    });
  }

  /** Sets `pages` bits from `first`; how many were clear, or undefined when the budget is gone. */
  private mark(chunks: Map<number, Uint32Array>, first: number, pages: number): number | undefined {
    let fresh = 0;
    while (pages > 0) {
      const chunk = Math.floor(first / CHUNK_PAGES);
      const bit = first - chunk * CHUNK_PAGES;
      const count = Math.min(pages, CHUNK_PAGES - bit);
      let words = chunks.get(chunk);
      if (words === undefined) {
        if (this.budget < CHUNK_WORDS * 4) return undefined;
        this.budget -= CHUNK_WORDS * 4;
        chunks.set(chunk, (words = new Uint32Array(CHUNK_WORDS)));
      }
      fresh += setBits(words, bit, count);
      first += count;
      pages -= count;
    }
    return fresh;
  }
}

function setBits(words: Uint32Array, bit: number, count: number): number {
  let fresh = 0;
  const end = bit + count;
  while (bit < end) {
    const word = bit >>> 5;
    const low = bit & 31;
    const width = Math.min(32 - low, end - bit);
    const mask = width === 32 ? 0xffff_ffff : ((1 << width) - 1) << low;
    fresh += countOnes(mask & ~words[word]!);
    words[word]! |= mask;
    bit += width;
  }
  return fresh;
}
