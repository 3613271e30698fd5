// Pages as the reader hands them out: a struct of arrays, reused, one entry per RUN of records. A run is records of one
// kind and block whose addresses ascend page by page; QEMU sends pages in that order, so an idle guest of 64 GiB (16.8
// M records) is a few thousand runs, and nothing is stored per page (docs/adr/0002). The bytes are a loan.

import type { RamBlockEntry } from '../wire/ram-block.js';

/** What a page record holds. Values of PageRuns.kind. */
export const pageKind = {
  /** One byte of fill. */
  zero: 0,
  /** A whole target page. */
  page: 1,
  /** u8 encoding, be16 length, delta. */
  xbzrle: 2,
  /** be32 length, zlib stream. */
  compressed: 3,
} as const;

export type PageKindName = keyof typeof pageKind;
export const pageKindNames: readonly PageKindName[] = ['zero', 'page', 'xbzrle', 'compressed'];

/** Bytes between the header (with its name) and the body, by kind. */
export const bodyHeadSize: readonly number[] = [0, 0, 3, 4];

/**
 * Page records as runs, in arrays that are reused: whoever keeps something copies it. Entries from `count` on are
 * stale.
 */
export class PageRuns {
  static readonly capacity = 4096;

  /** Runs in use; the arrays beyond are stale. */
  count = 0;
  /** Target page size in bytes. */
  pageSize: number;
  /** What `block` indexes. */
  blocks: readonly RamBlockEntry[] = [];
  readonly block = new Uint16Array(PageRuns.capacity);
  readonly kind = new Uint8Array(PageRuns.capacity);
  /** 1: the record names its block (then the run is that record alone). 0: CONTINUE. */
  readonly named = new Uint8Array(PageRuns.capacity);
  /** ZERO records only. */
  readonly fill = new Uint8Array(PageRuns.capacity);
  /** Byte offset in the block of the first page; page i of the run is at `addr + i * pageSize`. */
  readonly addr = new Float64Array(PageRuns.capacity);
  /** Records in the run. */
  readonly pages = new Uint32Array(PageRuns.capacity);
  /** Index in `bytes` of the first record's body; its header stands before it. */
  readonly body = new Uint32Array(PageRuns.capacity);
  /** Bytes of each record's body: 1, pageSize, or the length that XBZRLE and COMPRESS records state. */
  readonly length = new Uint32Array(PageRuns.capacity);
  /** The records themselves, headers included: a loan. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Stream offset of `bytes[0]`. */
  base = 0;
  /** True: bodies stand back to back, without record headers, as in a mapped-ram file or a multifd packet. */
  bare = false;

  constructor(pageSize: number) {
    this.pageSize = pageSize;
  }

  /** Bytes that stand in front of each body of run `i` in a page record. */
  headSize(i: number): number {
    const name = this.named[i] === 1 ? 1 + this.blocks[this.block[i]!]!.idstr.length : 0;
    return 8 + name + bodyHeadSize[this.kind[i]!]!;
  }

  /** Bytes from the body of one page of run `i` to the body of the next; a bare zero page has none. */
  stride(i: number): number {
    if (this.bare) return this.kind[i] === pageKind.zero ? 0 : this.length[i]!;
    return this.headSize(i) + this.length[i]!;
  }

  /** Index in `bytes` of the body of record `k` of run `i`. */
  bodyAt(i: number, k: number): number {
    return this.body[i]! + k * this.stride(i);
  }

  /** Stream offset of record `k` of run `i`; of its body where there are no record headers. */
  offsetOf(i: number, k: number): number {
    return this.base + this.bodyAt(i, k) - (this.bare ? 0 : this.headSize(i));
  }

  /** Records in all runs. */
  get records(): number {
    let sum = 0;
    for (let i = 0; i < this.count; i += 1) sum += this.pages[i]!;
    return sum;
  }
}
