// Takes runs out of a batch, in place. What stays keeps its CONTINUE: a record without a name belongs to the block of
// the record before it, and of one block either all records go or none.

import type { PageRuns } from './page-runs.js';

/**
 * The event with the runs of those blocks (by index in the list) that `keep` answers true for: the same object when all
 * stay, so that its bytes may be copied, another when some go, undefined when none stays.
 */
export function keepRuns<E extends { readonly runs: PageRuns }>(
  event: E,
  keep: (block: number) => boolean,
): E | undefined {
  const { runs } = event;
  const { block, kind, named, fill, addr, pages, body, length } = runs;
  let kept = 0;
  for (let i = 0; i < runs.count; i += 1) {
    if (!keep(block[i]!)) continue;
    if (kept !== i) {
      for (const column of [block, kind, named, fill, addr, pages, body, length]) column[kept] = column[i]!;
    }
    kept += 1;
  }
  if (kept === runs.count) return event;
  runs.count = kept;
  return kept === 0 ? undefined : { ...event };
}
