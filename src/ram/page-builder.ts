// Page runs from values, for whoever makes a stream instead of reading one (tests, generators, rewriting): give it
// pages, take the runs it answers, write them.

import { cannotEncode } from '../bytes/emitter.js';
import { maxCompressedPage } from '../limits.js';
import type { RamBlockEntry } from '../wire/ram-block.js';
import { pageKind, PageRuns, type PageKindName } from './page-runs.js';

/** One page record as a value. */
export interface PageValue {
  readonly kind: PageKindName;
  /** Index in the block list. */
  readonly block: number;
  /** Byte offset in the block, a multiple of the target page size. */
  readonly addr: number;
  /** Write the block's name (else CONTINUE). */
  readonly named: boolean;
  /** `zero`: one byte of fill. `page`: the page. Others: the delta or the zlib stream. */
  readonly body: Uint8Array;
}

/** Runs (of one record each) that hold these pages; bodies are copied. @throws MigrationStreamError `cannot-encode` */
export function buildPageRuns(
  pages: readonly PageValue[],
  blocks: readonly RamBlockEntry[],
  pageSize: number,
): PageRuns[] {
  const batches: PageRuns[] = [];
  for (let from = 0; from < pages.length; from += PageRuns.capacity) {
    batches.push(batch(pages.slice(from, from + PageRuns.capacity), blocks, pageSize));
  }
  return batches;
}

function batch(pages: readonly PageValue[], blocks: readonly RamBlockEntry[], pageSize: number): PageRuns {
  const runs = new PageRuns(pageSize);
  runs.blocks = blocks;
  runs.count = pages.length;
  let at = 0;
  pages.forEach((page, i) => {
    check(page, blocks, pageSize);
    runs.kind[i] = pageKind[page.kind];
    runs.block[i] = page.block;
    runs.addr[i] = page.addr;
    runs.named[i] = page.named ? 1 : 0;
    runs.fill[i] = page.kind === 'zero' ? page.body[0]! : 0;
    runs.pages[i] = 1;
    runs.length[i] = page.body.length;
    runs.body[i] = at;
    at += page.body.length;
  });
  // Only bodies are ever read from `bytes`: the writer makes the headers from the values.
  runs.bytes = new Uint8Array(at);
  pages.forEach((page, i) => runs.bytes.set(page.body, runs.body[i]!));
  return runs;
}

function check(page: PageValue, blocks: readonly RamBlockEntry[], pageSize: number): void {
  if (blocks[page.block] === undefined) throw cannotEncode(`no block ${page.block}`);
  const expected = page.kind === 'zero' ? 1 : page.kind === 'page' ? pageSize : undefined;
  if (expected !== undefined && page.body.length !== expected)
    throw cannotEncode(`${page.kind} record with ${page.body.length} bytes`);
  if (!Number.isSafeInteger(page.addr) || page.addr < 0 || page.addr % pageSize !== 0)
    throw cannotEncode(`page offset ${page.addr}`);
  // The delta's length is be16: a 64 KiB page has deltas that no record can hold.
  if (page.kind === 'xbzrle' && page.body.length > Math.min(pageSize, 0xffff))
    throw cannotEncode('XBZRLE delta longer than a page');
  if (page.kind === 'compressed' && page.body.length > maxCompressedPage(pageSize))
    throw cannotEncode('zlib stream longer than a page can need');
}
