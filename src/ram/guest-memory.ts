// Guest memory as a stream leaves it: any page at any time, whatever records made it. A first reading has noted where
// the newest version of each page stands; the source is read at those places. Plain records, zlib, XBZRLE deltas and
// the page area of a mapped-ram file are all alike here. QEMU: ram_load(), migration/ram.c.

import { readSource, type ByteSource } from '../bytes/source.js';
import { maxCompressedPage } from '../limits.js';
import type { RamBlockEntry } from '../wire/ram-block.js';
import { pageState, type LastVersions } from './last-versions.js';
import { applyBody, badPage, type Inflate } from './page-decoder.js';
import { NEAR_WINDOW, NearRecords } from './near-records.js';
import { pageKind, PageRuns } from './page-runs.js';

/** Bytes read at once for pages that stand in a row. */
const WINDOW = 1024 * 1024;

export interface GuestMemoryParts {
  readonly source: ByteSource;
  readonly versions: LastVersions;
  readonly blocks: readonly RamBlockEntry[];
  /** Target page size in bytes. */
  readonly pageSize: number;
  readonly inflate: Inflate;
}

/** The pages of a stream that can be sought. Memory: 8 bytes a page and 16 bytes a delta. */
export class GuestMemory {
  readonly blocks: readonly RamBlockEntry[];
  readonly pageSize: number;
  private readonly source: ByteSource;
  private readonly versions: LastVersions;
  private readonly inflate: Inflate;
  private readonly window = new Uint8Array(WINDOW);
  private readonly records: NearRecords;

  constructor({ source, versions, blocks, pageSize, inflate }: GuestMemoryParts) {
    this.source = source;
    this.versions = versions;
    this.blocks = blocks;
    this.pageSize = pageSize;
    this.inflate = inflate;
    this.records = new NearRecords(source);
  }

  /** Target pages of block `block`, an index into `blocks`. */
  pagesOf(block: number): number {
    return Math.ceil(this.blocks[block]!.usedLength / this.pageSize);
  }

  /** Did any record bring page `page`? A zero page came too. */
  came(block: number, page: number): boolean {
    return this.versions.state(block, page) !== pageState.absent;
  }

  /** The first page of block `block` from `page` on that may have come; the number of its pages where there is none. */
  next(block: number, page: number): number {
    return this.versions.next(block, page, this.pagesOf(block));
  }

  /** Pages of block `block` that no record brought. */
  absentPages(block: number): number {
    const pages = this.pagesOf(block);
    let absent = pages;
    for (let page = this.next(block, 0); page < pages; page = this.next(block, page + 1))
      if (this.came(block, page)) absent -= 1;
    return absent;
  }

  isZero(block: number, page: number): boolean {
    return this.versions.state(block, page) === pageState.zero;
  }

  /**
   * Whole pages of block `block`, from page `first` on, into `into`, whose length is a multiple of the page size. Pages
   * that never came are zeros.
   * @throws MigrationStreamError `bad-payload`: QEMU would refuse a record too; `io`
   */
  async read(block: number, first: number, into: Uint8Array): Promise<void> {
    await this.readPages(block, first, into, into.length > NEAR_WINDOW);
  }

  /** `onward`: the caller goes on to the pages behind, so the bytes behind a page are worth keeping. */
  private async readPages(block: number, first: number, into: Uint8Array, onward: boolean): Promise<void> {
    const { versions, pageSize } = this;
    const end = first + into.length / pageSize;
    for (let page = first; page < end;) {
      const out = into.subarray((page - first) * pageSize, (page - first + 1) * pageSize);
      const state = versions.state(block, page);
      if (state === pageState.whole) {
        const rest = into.subarray((page - first) * pageSize);
        page += await this.readRow(block, page, rest, onward);
        continue;
      }
      out.fill(0);
      if (state === pageState.built) await this.build(block, page, out);
      page += 1;
    }
  }

  /**
   * All pages of block `block` that came, ascending, as runs of zero pages and of whole pages (`bare`, a loan). Pages
   * that are in no record are left out. `named`: the first one names its block, as a page record must.
   * @throws as `read` does
   */
  async *pages(block: number, named: boolean): AsyncGenerator<PageRuns> {
    const { pageSize, versions } = this;
    const runs = new PageRuns(pageSize);
    runs.blocks = this.blocks;
    runs.bare = true;
    runs.bytes = new Uint8Array(WINDOW);
    const pages = this.pagesOf(block);
    const most = WINDOW / pageSize;
    for (let page = this.next(block, 0); page < pages; page = this.next(block, page)) {
      runs.count = 0;
      let bodies = 0;
      while (page < pages && bodies < most && runs.count < PageRuns.capacity) {
        const state = versions.state(block, page);
        const zero = state === pageState.zero;
        let next = state === pageState.absent ? this.next(block, page + 1) : page + 1;
        if (state !== pageState.absent) {
          const limit = zero ? pages : Math.min(pages, page + most - bodies);
          // A record with a name is a run of its own.
          while (!named && next < limit && sameKind(versions.state(block, next), zero)) next += 1;
          const i = runs.count;
          runs.count += 1;
          runs.block[i] = block;
          runs.kind[i] = zero ? pageKind.zero : pageKind.page;
          runs.named[i] = named ? 1 : 0;
          named = false;
          runs.fill[i] = 0;
          runs.addr[i] = page * pageSize;
          runs.pages[i] = next - page;
          runs.body[i] = bodies * pageSize;
          runs.length[i] = zero ? 1 : pageSize;
          if (!zero) {
            const into = runs.bytes.subarray(bodies * pageSize, (bodies + next - page) * pageSize);
            await this.readPages(block, page, into, true);
            bodies += next - page;
          }
        }
        page = next;
      }
      if (runs.count > 0) yield runs;
    }
  }

  /** Pages that stand at even distances, in one read, to the start of `into`. Answers how many. */
  private async readRow(block: number, first: number, into: Uint8Array, onward: boolean): Promise<number> {
    const { versions, pageSize, window } = this;
    const end = first + into.length / pageSize;
    const start = versions.offset(block, first);
    const stride =
      first + 1 < end && versions.state(block, first + 1) === pageState.whole
        ? versions.offset(block, first + 1) - start
        : 0;
    let count = 1;
    if (stride >= pageSize && stride < pageSize + 1024) {
      const most = Math.min(end - first, Math.floor((WINDOW - pageSize) / stride) + 1);
      while (
        count < most &&
        versions.state(block, first + count) === pageState.whole &&
        versions.offset(block, first + count) === start + count * stride
      )
        count += 1;
    }
    const step = count === 1 ? pageSize : stride;
    const size = (count - 1) * step + pageSize;
    let row: Uint8Array = window;
    if (onward && size <= NEAR_WINDOW / 2) row = this.records.held(start, size) ?? (await this.bytes(start, size));
    else if (step === pageSize) {
      await this.exactly(into.subarray(0, size), start);
      return count;
    } else await this.exactly(window.subarray(0, size), start);
    for (let k = 0; k < count; k += 1) into.set(row.subarray(k * step, k * step + pageSize), k * pageSize);
    return count;
  }

  private async build(block: number, page: number, out: Uint8Array): Promise<void> {
    const { records } = this;
    for (const { kind, offset } of this.versions.versions(block, page) ?? []) {
      let length = kind === pageKind.zero ? 1 : this.pageSize;
      if (kind === pageKind.xbzrle) {
        const head = records.held(offset - 2, 2) ?? (await this.bytes(offset - 2, 2));
        length = (head[0]! << 8) + head[1]!;
      } else if (kind === pageKind.compressed) {
        const head = records.held(offset - 4, 4) ?? (await this.bytes(offset - 4, 4));
        length = Math.min(new DataView(head.buffer, head.byteOffset).getUint32(0), maxCompressedPage(this.pageSize));
      }
      const body = records.held(offset, length) ?? (await this.bytes(offset, length));
      applyBody(kind, body, out, this.inflate, offset);
    }
  }

  /** A loan until the next read. */
  private async bytes(offset: number, count: number): Promise<Uint8Array> {
    const bytes = await this.records.read(offset, count);
    if (bytes.length < count) throw badPage(offset, SHRANK);
    return bytes;
  }

  private async exactly(into: Uint8Array, offset: number): Promise<void> {
    if ((await readSource(this.source, into, offset)) < into.length) throw badPage(offset, SHRANK);
  }
}

const SHRANK = 'the input shrank between two readings';

function sameKind(state: number, zero: boolean): boolean {
  return zero ? state === pageState.zero : state === pageState.whole || state === pageState.built;
}
