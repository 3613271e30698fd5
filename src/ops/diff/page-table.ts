// What is known of the pages of two states: one byte a page, in chunks made as pages come. A block has a slot, found by
// its idstr, because the two streams may list their blocks in different orders.

const CHUNK_PAGES = 16 * 1024;

/** What a comparison said of a page. `unknown`: nothing compared the newest versions of both sides. */
export const pageAnswer = { unknown: 0, same: 1, different: 2 } as const;

export class PageTable {
  private readonly slots = new Map<string, number>();
  private readonly chunks: Map<number, Uint8Array>[] = [];

  /** The slot of the block with that idstr. */
  slot(idstr: string): number {
    let slot = this.slots.get(idstr);
    if (slot === undefined) {
      slot = this.chunks.length;
      this.slots.set(idstr, slot);
      this.chunks.push(new Map());
    }
    return slot;
  }

  answer(slot: number, page: number): number {
    return this.chunks[slot]!.get(Math.floor(page / CHUNK_PAGES))?.[page % CHUNK_PAGES] ?? pageAnswer.unknown;
  }

  /** The pages of `slot` that differ, as ranges, ascending. */
  *different(slot: number): Generator<{ readonly first: number; readonly count: number }> {
    let open: { first: number; count: number } | undefined;
    for (const index of [...this.chunks[slot]!.keys()].sort((a, b) => a - b)) {
      for (const [at, answer] of this.chunks[slot]!.get(index)!.entries()) {
        if (answer !== pageAnswer.different) continue;
        const page = index * CHUNK_PAGES + at;
        if (open !== undefined && open.first + open.count === page) open.count += 1;
        else {
          if (open !== undefined) yield open;
          open = { first: page, count: 1 };
        }
      }
    }
    if (open !== undefined) yield open;
  }

  set(slot: number, first: number, count: number, answer: number): void {
    const chunks = this.chunks[slot]!;
    for (let page = first; page < first + count;) {
      const index = Math.floor(page / CHUNK_PAGES);
      const at = page % CHUNK_PAGES;
      const length = Math.min(first + count - page, CHUNK_PAGES - at);
      let chunk = chunks.get(index);
      if (chunk === undefined && answer !== pageAnswer.unknown)
        chunks.set(index, (chunk = new Uint8Array(CHUNK_PAGES)));
      chunk?.fill(answer, at, at + length);
      page += length;
    }
  }
}
