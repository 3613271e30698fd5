// Where the newest version of every page stands: the table behind compaction and extraction. One number a page, in
// chunks made as pages come, up to a limit. XBZRLE pages keep the chain of records that build them.

import { MigrationStreamError } from '../base/errors.js';
import { MAX_LAST_VERSIONS } from '../limits.js';
import { pageKind, type PageRuns } from './page-runs.js';

/** One record of a page. Offsets are of the body, absolute in the input. */
export interface PageVersion {
  readonly kind: number;
  readonly offset: number;
}

const CHUNK_PAGES = 16 * 1024;
/** What one delta in a chain costs, roughly. */
const CHAIN_BYTES = 64;
const ABSENT = 0;
const ZERO = 1;
/** A chain is kept in `chains`. */
const CHAIN = 2;
/** Below: body offset * KINDS + kind, shifted past the marks above. */
const KINDS = 4;
const FIRST = 3;

export class LastVersions {
  private readonly blocks: Map<number, Float64Array>[] = [];
  private readonly chains = new Map<string, PageVersion[]>();
  private budget = MAX_LAST_VERSIONS;

  /** @throws MigrationStreamError code `limit-exceeded`: more pages than the table may hold */
  add(runs: PageRuns): void {
    for (let i = 0; i < runs.count; i += 1) {
      const kind = runs.kind[i]!;
      const block = runs.block[i]!;
      const first = runs.addr[i]! / runs.pageSize;
      const plainZero = kind === pageKind.zero && runs.fill[i] === 0;
      for (let k = 0; k < runs.pages[i]!; k += 1) {
        if (kind === pageKind.xbzrle) this.extend(block, first + k, runs.base + runs.bodyAt(i, k));
        else this.set(block, first + k, plainZero ? ZERO : FIRST + (runs.base + runs.bodyAt(i, k)) * KINDS + kind);
      }
    }
  }

  /**
   * The records that make page `page` of block `block`: empty when none came, the newest whole version first and the
   * deltas after it. A plain zero page is `undefined`.
   */
  versions(block: number, page: number): readonly PageVersion[] | undefined {
    const value = this.chunk(block, page)?.[page % CHUNK_PAGES] ?? ABSENT;
    if (value === ABSENT) return [];
    if (value === ZERO) return undefined;
    if (value === CHAIN) return this.chains.get(`${block}/${page}`) ?? [];
    return [versionOf(value)];
  }

  private extend(block: number, page: number, offset: number): void {
    this.spend(CHAIN_BYTES);
    const key = `${block}/${page}`;
    const delta = { kind: pageKind.xbzrle, offset };
    const chain = this.chunk(block, page)?.[page % CHUNK_PAGES] === CHAIN ? this.chains.get(key) : undefined;
    if (chain !== undefined) chain.push(delta);
    else this.chains.set(key, [...(this.versions(block, page) ?? []), delta]);
    this.set(block, page, CHAIN);
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

  private chunk(block: number, page: number): Float64Array | undefined {
    return this.blocks[block]?.get(Math.floor(page / CHUNK_PAGES));
  }
}

function versionOf(value: number): PageVersion {
  const rest = value - FIRST;
  return { kind: rest % KINDS, offset: Math.floor(rest / KINDS) };
}
