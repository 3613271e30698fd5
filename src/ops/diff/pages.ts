// HOT. The pages of two streams side by side. QEMU sends the pages of a first round in ascending order, so the two
// streams mostly bring the same page at the same time, and it is compared in passing, out of the read-ahead of both. A
// page that comes alone (sent again, sent in another order, XBZRLE, mapped-ram) is settled afterwards, at random.

import { pageKind, type PageRuns } from '../../ram/page-runs.js';
import { both } from './both.js';
import { pageAnswer, type PageTable } from './page-table.js';
import { filledBytes, sameBytes, viewOf } from './same-bytes.js';
import type { Side } from './side.js';

/** Where one side stands: page `done` of run `run`. */
class Place {
  readonly side: Side;
  runs: PageRuns | undefined;
  view: DataView = viewOf(new Uint8Array(0));
  run = 0;
  done = 0;

  constructor(side: Side) {
    this.side = side;
  }

  /** Pages that are left in the run. */
  get left(): number {
    return this.runs!.pages[this.run]! - this.done;
  }

  get slot(): number {
    return this.side.slots[this.runs!.block[this.run]!]!;
  }

  get page(): number {
    const runs = this.runs!;
    return runs.addr[this.run]! / runs.pageSize + this.done;
  }

  get kind(): number {
    return this.runs!.kind[this.run]!;
  }

  /** False at the end of the stream. */
  async ready(): Promise<boolean> {
    while (this.runs === undefined || this.run >= this.runs.count) {
      this.runs = await this.side.nextRuns();
      if (this.runs === undefined) return false;
      this.run = 0;
      this.done = 0;
      this.view = viewOf(this.runs.bytes);
    }
    return true;
  }

  take(count: number): void {
    this.done += count;
    if (this.done < this.runs!.pages[this.run]!) return;
    this.run += 1;
    this.done = 0;
  }
}

/** Reads both streams to their ends. Afterwards the table has an answer for each page that came side by side. */
export async function comparePages(a: Side, b: Side, table: PageTable): Promise<void> {
  const first = new Place(a);
  const second = new Place(b);
  for (;;) {
    // Both wait together: each has reads of its own in flight.
    const [firstMore, secondMore] = await both(first.ready(), second.ready());
    if (!firstMore && !secondMore) return;
    if (!firstMore || !secondMore) await alone(firstMore ? first : second, table);
    else abreast(first, second, table);
  }
}

/** As far as both sides have pages in hand. */
function abreast(a: Place, b: Place, table: PageTable): void {
  const comparable = a.runs!.pageSize === b.runs!.pageSize;
  while (a.run < a.runs!.count && b.run < b.runs!.count) {
    const slot = a.slot;
    const ahead = slot === b.slot ? b.page - a.page : b.slot - slot;
    if (ahead === 0 && comparable) {
      const count = Math.min(a.left, b.left);
      together(a, b, count, table);
      a.take(count);
      b.take(count);
      continue;
    }
    const behind = ahead >= 0 ? a : b;
    const gap = slot === b.slot ? Math.abs(ahead) : behind.left;
    const count = Math.max(1, Math.min(behind.left, gap));
    table.set(behind.slot, behind.page, count, pageAnswer.unknown);
    behind.take(count);
  }
}

async function alone(place: Place, table: PageTable): Promise<void> {
  do {
    const count = place.left;
    table.set(place.slot, place.page, count, pageAnswer.unknown);
    place.take(count);
  } while (await place.ready());
}

/** `count` pages that both sides bring. */
function together(a: Place, b: Place, count: number, table: PageTable): void {
  const { page, slot } = a;
  const size = a.runs!.pageSize;
  if (!inHand(a) || !inHand(b)) {
    table.set(slot, page, count, pageAnswer.unknown);
    return;
  }
  const fills = Number(a.kind === pageKind.zero) + Number(b.kind === pageKind.zero);
  if (fills === 2) {
    const same = a.runs!.fill[a.run] === b.runs!.fill[b.run];
    table.set(slot, page, count, same ? pageAnswer.same : pageAnswer.different);
    return;
  }
  for (let k = 0; k < count; k += 1) {
    const i = a.runs!.bodyAt(a.run, a.done + k);
    const j = b.runs!.bodyAt(b.run, b.done + k);
    const same =
      fills === 0
        ? sameBytes(a.view, i, b.view, j, size)
        : a.kind === pageKind.zero
          ? filledBytes(b.view, j, a.runs!.fill[a.run]!, size)
          : filledBytes(a.view, i, b.runs!.fill[b.run]!, size);
    table.set(slot, page + k, 1, same ? pageAnswer.same : pageAnswer.different);
  }
}

/** Is the content of the run's pages in the loan? Deltas, zlib streams and pages that were stepped over are not. */
function inHand({ kind, runs }: Place): boolean {
  return kind === pageKind.zero || (kind === pageKind.page && runs!.bytes.length > 0);
}
