// Which channel brought each page since the last sync: a page that two of them brought has no order but that of its
// packet numbers.

import { MAX_PAGE_BITMAP } from '../../limits.js';
import type { PageRuns } from '../page-runs.js';

const CHUNK_PAGES = 64 * 1024;

export class EpochPages {
  private readonly blocks: Map<number, Uint8Array>[] = [];
  private budget = MAX_PAGE_BITMAP;
  /** False once memory for it is used up: then nothing is known. */
  complete = true;

  /** All is in order again. */
  clear(): void {
    this.blocks.length = 0;
    this.budget = MAX_PAGE_BITMAP;
  }

  /** Marks the pages of `runs` as `sender`'s (1 to 255); answers how many another had brought. */
  add(runs: PageRuns, sender: number): number {
    let twice = 0;
    for (let i = 0; i < runs.count; i += 1) {
      const first = runs.addr[i]! / runs.pageSize;
      for (let page = first; page < first + runs.pages[i]!; page += 1) {
        const chunk = this.chunk(runs.block[i]!, Math.floor(page / CHUNK_PAGES));
        if (chunk === undefined) return twice;
        const before = chunk[page % CHUNK_PAGES]!;
        if (before !== 0 && before !== sender) twice += 1;
        chunk[page % CHUNK_PAGES] = sender;
      }
    }
    return twice;
  }

  private chunk(block: number, index: number): Uint8Array | undefined {
    const chunks = (this.blocks[block] ??= new Map());
    let chunk = chunks.get(index);
    if (chunk !== undefined) return chunk;
    if (this.budget < CHUNK_PAGES) {
      this.complete = false;
      return undefined;
    }
    this.budget -= CHUNK_PAGES;
    chunks.set(index, (chunk = new Uint8Array(CHUNK_PAGES)));
    return chunk;
  }
}
