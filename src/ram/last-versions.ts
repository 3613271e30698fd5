// Where the newest version of every page stands: the table behind compaction, conversion and every random read of
// guest memory. One number a page, in chunks made as pages come, up to a limit. A page that XBZRLE records changed
// keeps the chain of its deltas, two numbers a delta.

import { MigrationStreamError } from '../base/errors.js';
import { MAX_LAST_VERSIONS } from '../limits.js';
import { pageKind, type PageRuns } from './page-runs.js';

/** One record of a page. Offsets are of the body, absolute in the input. */
export interface PageVersion {
  readonly kind: number;
  readonly offset: number;
}

const CHUNK_PAGES = 16 * 1024;
/** Deltas in one piece of the table of chains. */
const CHUNK_DELTAS = 64 * 1024;
const ABSENT = 0;
const ZERO = 1;
/** From here on: place * KINDS + kind. The place of a delta is its index in the table of chains, else a body offset. */
const FIRST = 2;
const KINDS = 4;

/** How page `page` is known. */
export const pageState = { absent: 0, zero: 1, whole: 2, built: 3 } as const;
export type PageState = (typeof pageState)[keyof typeof pageState];

export class LastVersions {
  private readonly blocks: Map<number, Float64Array>[] = [];
  /** The chunk that was asked for last: neighbours follow each other. */
  private near: { readonly block: number; readonly index: number; readonly chunk: Float64Array } | undefined;
  /** By delta: what stood in the table before it, then the offset of its body. */
  private readonly deltas: Float64Array[] = [];
  private deltaCount = 0;
  private budget = MAX_LAST_VERSIONS;

  /** @throws MigrationStreamError code `limit-exceeded`: more pages or deltas than the table may hold */
  add(runs: PageRuns): void {
    for (let i = 0; i < runs.count; i += 1) {
      const kind = runs.kind[i]!;
      const block = runs.block[i]!;
      const first = runs.addr[i]! / runs.pageSize;
      const plainZero = kind === pageKind.zero && runs.fill[i] === 0;
      const stride = runs.stride(i);
      let body = runs.base + runs.body[i]!;
      for (let k = 0; k < runs.pages[i]!; k += 1, body += stride) {
        if (kind === pageKind.xbzrle) this.extend(block, first + k, body);
        else this.set(block, first + k, plainZero ? ZERO : FIRST + body * KINDS + kind);
      }
    }
  }

  /** Did any page of block `block` come? */
  has(block: number): boolean {
    return this.blocks[block] !== undefined;
  }

  /**
   * The first page of block `block` from `page` on that may have come; `end` where there is none below it. Whole chunks
   * are stepped over: the cost is that of the pages that came, not of the length that the block list claims.
   */
  next(block: number, page: number, end: number): number {
    const chunks = this.blocks[block];
    if (chunks === undefined) return end;
    const index = Math.floor(page / CHUNK_PAGES);
    if (chunks.has(index)) return Math.min(page, end);
    let nearest = Number.POSITIVE_INFINITY;
    for (const key of chunks.keys()) if (key > index && key < nearest) nearest = key;
    return Math.min(nearest * CHUNK_PAGES, end);
  }

  /** What is known of a page: it never came, it is zero, one body holds it, or it is built of several records. */
  state(block: number, page: number): PageState {
    const value = this.value(block, page);
    if (value === ABSENT) return pageState.absent;
    if (value === ZERO) return pageState.zero;
    return (value - FIRST) % KINDS === pageKind.page ? pageState.whole : pageState.built;
  }

  /** Where the body of a `whole` page stands. */
  offset(block: number, page: number): number {
    return Math.floor((this.value(block, page) - FIRST) / KINDS);
  }

  /**
   * The records that make page `page` of block `block`: empty when none came, the newest whole version first and the
   * deltas after it. A plain zero page is `undefined`.
   */
  versions(block: number, page: number): readonly PageVersion[] | undefined {
    const chain: PageVersion[] = [];
    let value = this.value(block, page);
    if (value === ZERO) return undefined;
    while (value >= FIRST) {
      const kind = (value - FIRST) % KINDS;
      const place = Math.floor((value - FIRST) / KINDS);
      if (kind !== pageKind.xbzrle) {
        chain.push({ kind, offset: place });
        break;
      }
      const piece = this.deltas[Math.floor(place / CHUNK_DELTAS)]!;
      const at = (place % CHUNK_DELTAS) * 2;
      chain.push({ kind, offset: piece[at + 1]! });
      value = piece[at]!;
    }
    return chain.reverse();
  }

  private extend(block: number, page: number, offset: number): void {
    const index = this.deltaCount;
    const at = (index % CHUNK_DELTAS) * 2;
    if (at === 0) {
      this.spend(CHUNK_DELTAS * 16);
      this.deltas.push(new Float64Array(CHUNK_DELTAS * 2));
    }
    const piece = this.deltas[Math.floor(index / CHUNK_DELTAS)]!;
    piece[at] = this.value(block, page);
    piece[at + 1] = offset;
    this.deltaCount += 1;
    this.set(block, page, FIRST + index * KINDS + pageKind.xbzrle);
  }

  private set(block: number, page: number, value: number): void {
    const chunks = (this.blocks[block] ??= new Map());
    const index = Math.floor(page / CHUNK_PAGES);
    let chunk = chunks.get(index);
    if (chunk === undefined) {
      this.spend(CHUNK_PAGES * 8);
      chunks.set(index, (chunk = new Float64Array(CHUNK_PAGES)));
    }
    chunk[page % CHUNK_PAGES] = value;
  }

  private spend(bytes: number): void {
    this.budget -= bytes;
    if (this.budget < 0)
      throw new MigrationStreamError({
        code: 'limit-exceeded',
        message: 'more pages than the table of newest versions may hold',
      });
  }

  private value(block: number, page: number): number {
    const index = Math.floor(page / CHUNK_PAGES);
    if (this.near?.block !== block || this.near.index !== index) {
      const chunk = this.blocks[block]?.get(index);
      if (chunk === undefined) return ABSENT;
      this.near = { block, index, chunk };
    }
    return this.near.chunk[page % CHUNK_PAGES]!;
  }
}
