// The target page size when nobody says it: no option, no configuration/target-page-bits, no vmdescription within reach
// (a pipe, a cut file). Every size is tried on the records that are in the window. x86, s390x, ppc and riscv never
// write the subsection and have 4 KiB, so 4 KiB is the answer unless the bytes contradict it.

import { PAGE_BITS_MAX, PAGE_BITS_MIN } from '../base/units.js';
import { Window } from '../bytes/window.js';
import type { How } from '../wire/dialect.js';
import { ramFlag } from '../wire/ram-flags.js';
import { sectionType } from '../wire/section.js';
import { BlockTable } from './block-table.js';
import { candidateLayouts, inferLayout } from './infer-layout.js';
import { readPageRuns } from './page-loop.js';
import { PageRuns } from './page-runs.js';
import { ramBlockEntry } from '../wire/ram-block.js';
import type { RamContext } from './context.js';

const LIKELY_FIRST = [
  12,
  ...Array.from({ length: PAGE_BITS_MAX - PAGE_BITS_MIN + 1 }, (_, i) => PAGE_BITS_MIN + i).filter(
    (bits) => bits !== 12,
  ),
];

/**
 * `window` stands at the first record of the first RAM section. Moves nothing. `settled`: a longer window tells no
 * more.
 */
export function inferPageSize(
  window: Window,
  context: RamContext,
): { value: number; how: How; alternatives: readonly number[]; settled: boolean } {
  const fitting: number[] = [];
  let settled = true;
  for (const bits of LIKELY_FIRST) {
    const found = fits(window, context, 2 ** bits);
    if (found === false) continue;
    fitting.push(2 ** bits);
    settled &&= found === 'to-its-end';
  }
  const [value, ...alternatives] = fitting;
  if (value === undefined) return { value: 4096, how: 'default', alternatives: [], settled: false };
  return { value, how: alternatives.length === 0 ? 'inferred' : 'default', alternatives, settled };
}

/** `to-its-end`: the records end before the window does, so a longer window tells no more. */
type Fit = false | 'so-far' | 'to-its-end';

/** Does the list, and do the records behind it as far as they are in hand, make sense with this page size? */
function fits(outer: Window, context: RamContext, pageSize: number): Fit {
  const window = Window.over(outer.bytes.subarray(outer.at, outer.end), outer.position);
  if (window.available < 8) return false;
  const word = Number(window.u64big());
  if (word % pageSize !== ramFlag.memSize) return false;
  const total = word - ramFlag.memSize;
  const facts = { ...context, pageSize };
  const { fitting } = inferLayout(
    window,
    total,
    facts,
    context.layout === undefined ? candidateLayouts(facts) : [context.layout],
  );
  const layout = fitting[0];
  if (layout === undefined) return false;
  if (layout.mapped) return 'to-its-end'; // the header states the page size, and R8 has compared it
  const table = new BlockTable();
  const codec = ramBlockEntry(layout, pageSize);
  for (let sum = 0; sum < total; sum += table.entries.at(-1)!.usedLength) table.add([codec.decode(window)]);
  return recordsFit(window, context, table, pageSize);
}

/** Walks records, footers and PART headers up to the end of the window or to anything else. */
function recordsFit(window: Window, context: RamContext, table: BlockTable, pageSize: number): Fit {
  const runs = new PageRuns(pageSize);
  const state = { table, current: -1 };
  for (;;) {
    readPageRuns(window, state, runs);
    if (runs.count > 0) continue;
    if (window.available < 8) return 'so-far';
    const flags = Number(BigInt.asUintN(32, window.view.getBigUint64(window.at))) & (pageSize - 1) & ~ramFlag.continue;
    if (flags === ramFlag.multifdFlush || flags === ramFlag.hook) {
      window.at += 8;
      continue;
    }
    // A page record that is cut by the end of the window proves nothing against; one that is whole would have been
    // taken.
    if (flags !== ramFlag.eos)
      return window.available < pageSize + 300 && [0x02, 0x08, 0x40, 0x100].includes(flags) ? 'so-far' : false;
    window.at += 8;
    if (window.peek() === sectionType.footer && context.footers !== false)
      window.at = Math.min(window.end, window.at + 5);
    if (window.available < 5) return 'so-far';
    if (window.peek() !== sectionType.part) return 'to-its-end';
    if (window.view.getUint32(window.at + 1) !== context.sectionId) return 'to-its-end';
    window.at += 5;
  }
}
