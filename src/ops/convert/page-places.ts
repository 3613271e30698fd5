// HOT. Writes pages to their places in a file while the stream is read. The pages of one window of guest memory are
// gathered, so that neighbours are one write. The marks know what the file has at each place: zeros, or a page.

import type { ByteSink } from '../../bytes/source.js';
import type { GuestMemory } from '../../ram/guest-memory.js';
import { pageState, type LastVersions } from '../../ram/last-versions.js';
import { pageKind, type PageRuns } from '../../ram/page-runs.js';

const WINDOW = 1024 * 1024;
/** Bytes of zero pages that stay a hole. Fewer bytes between two pages are written as zeros. */
const HOLE = 64 * 1024;
/** As in bytes/read-ahead.ts: page to page is the fast copy. */
const MALLOC_HEADER = 16;
const PAGE = 4096;

/** `empty`: the file has zeros. `data`, `zeros`: a page or zeros wait in the window. `written`: the file has a page. */
const mark = { empty: 0, data: 1, zeros: 2, written: 3 } as const;

type Patch = NonNullable<ByteSink['patch']>;

export class PagePlaces {
  private readonly patch: Patch;
  private readonly versions: LastVersions;
  private readonly pageSize: number;
  /** Where page 0 of each block stands in the file. */
  private readonly places: readonly number[];
  /** One is filled while the other is written. */
  private readonly windows: [Uint8Array, Uint8Array];
  /** The marks of every window that was filled, by block and number. */
  private readonly known: Map<number, Uint8Array>[] = [];
  private marks: Uint8Array = new Uint8Array(0);
  private block = -1;
  private start = 0;
  private pending: Promise<void> = Promise.resolve();
  /** Were there records that are no whole page by themselves? */
  private builds = false;

  constructor(patch: Patch, versions: LastVersions, pageSize: number, places: readonly number[]) {
    this.patch = patch;
    this.versions = versions;
    this.pageSize = pageSize;
    this.places = places;
    const room = new Uint8Array(PAGE + 2 * WINDOW).subarray(PAGE - MALLOC_HEADER);
    this.windows = [room.subarray(0, WINDOW), room.subarray(WINDOW, 2 * WINDOW)];
  }

  /** Notes `runs` and writes their pages. Pages that are built of several records wait for `finish`. */
  async add(runs: PageRuns): Promise<void> {
    const { pageSize } = this;
    this.versions.add(runs);
    for (let i = 0; i < runs.count; i += 1) {
      const block = runs.block[i]!;
      const whole = runs.kind[i] === pageKind.page;
      if (!whole && (runs.kind[i] !== pageKind.zero || runs.fill[i] !== 0)) {
        this.builds = true;
        continue;
      }
      const stride = runs.stride(i);
      let body = runs.body[i]!;
      let addr = runs.addr[i]!;
      for (let left = runs.pages[i]!; left > 0;) {
        if (block !== this.block || addr < this.start || addr >= this.start + WINDOW) await this.turn(block, addr);
        const { marks } = this;
        const [window] = this.windows;
        const first = (addr - this.start) / pageSize;
        const count = Math.min(left, marks.length - first);
        for (let k = first; k < first + count; k += 1, body += stride) {
          if (whole) {
            window.set(runs.bytes.subarray(body, body + pageSize), k * pageSize);
            marks[k] = mark.data;
          } else if (marks[k] !== mark.empty) marks[k] = mark.zeros;
        }
        left -= count;
        addr += count * pageSize;
      }
    }
  }

  /** Ends the writing. `memory` reads the pages that several records made. @throws as GuestMemory.read and the sink */
  async finish(memory: GuestMemory): Promise<void> {
    await this.turn(-1, 0);
    await this.pending;
    if (!this.builds) return;
    const page = new Uint8Array(this.pageSize);
    for (const [block, place] of this.places.entries()) {
      const pages = memory.pagesOf(block);
      for (let i = memory.next(block, 0); i < pages; i = memory.next(block, i + 1)) {
        if (this.versions.state(block, i) !== pageState.built) continue;
        await memory.read(block, i, page);
        await this.patch(page, place + i * this.pageSize);
      }
    }
  }

  /** Writes the window to the file, and begins a window around `addr`. */
  private async turn(block: number, addr: number): Promise<void> {
    await this.pending;
    if (this.block >= 0) {
      this.pending = this.flush(this.windows[0], this.marks, this.places[this.block]! + this.start);
      // The next turn sees the error.
      this.pending.catch(() => {});
      this.windows.reverse();
    }
    this.block = block;
    if (block < 0) return;
    this.start = Math.floor(addr / WINDOW) * WINDOW;
    const known = (this.known[block] ??= new Map());
    let marks = known.get(this.start);
    if (marks === undefined) known.set(this.start, (marks = new Uint8Array(WINDOW / this.pageSize)));
    this.marks = marks;
  }

  private async flush(window: Uint8Array, marks: Uint8Array, place: number): Promise<void> {
    const { pageSize } = this;
    const waits = (k: number): boolean => marks[k] === mark.data || marks[k] === mark.zeros;
    for (let from = 0; from < marks.length;) {
      if (!waits(from)) {
        from += 1;
        continue;
      }
      // Up to the last page that waits before a hole, or before a page of the file that stays.
      let end = from;
      for (let k = from; k < marks.length && (k - end) * pageSize < HOLE && marks[k] !== mark.written; k += 1)
        if (waits(k)) end = k + 1;
      for (let k = from; k < end; k += 1) {
        if (marks[k] !== mark.data) window.fill(0, k * pageSize, (k + 1) * pageSize);
        marks[k] = marks[k] === mark.data ? mark.written : mark.empty;
      }
      await this.patch(window.subarray(from * pageSize, end * pageSize), place + from * pageSize);
      from = end;
    }
  }
}
