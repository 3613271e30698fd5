// HOT. Reads page records by hand; wire/page-header.ts is the truth, and a property test holds the two equal. Takes
// what is whole, well-formed and about known blocks; leaves the window at the first record that is not, for the slow
// path to read or to refuse. No object, promise or BigInt per page.

import { HIGH, HIGH_LIMIT } from '../base/units.js';
import { latin1, type Window } from '../bytes/window.js';
import { maxCompressedPage } from '../limits.js';
import { ramFlag, XBZRLE_ENCODING } from '../wire/ram-flags.js';
import type { BlockTable } from './block-table.js';
import { bodyHeadSize, pageKind, type PageRuns } from './page-runs.js';

/** The block that CONTINUE refers to: it outlives sections. -1: none yet. */
export interface PageLoopState {
  readonly table: BlockTable;
  current: number;
}

const KIND_OF_FLAG = new Map<number, number>([
  [ramFlag.zero, pageKind.zero],
  [ramFlag.page, pageKind.page],
  [ramFlag.xbzrle, pageKind.xbzrle],
  [ramFlag.compressPage, pageKind.compressed],
]);
const ZERO_CONTINUE = ramFlag.zero | ramFlag.continue;
const PAGE_CONTINUE = ramFlag.page | ramFlag.continue;

/**
 * Fills `runs` from `window`, advancing it past every record taken. Stops when the batch is full, when the next record
 * is not whole, and at the first record that is no page or no good.
 */
export function readPageRuns(window: Window, state: PageLoopState, runs: PageRuns): void {
  const { bytes, view, end } = window;
  const pageSize = runs.pageSize;
  const mask = pageSize - 1;
  const entries = state.table.entries;
  let at = window.at;
  let count = 0;
  let used = state.current < 0 ? 0 : entries[state.current]!.usedLength;

  while (count < runs.kind.length && at + 9 <= end) {
    const high = view.getUint32(at);
    const low = view.getUint32(at + 4);
    const flags = low & mask;
    if (high >= HIGH_LIMIT) break;
    const addr = high * HIGH + (low - flags);
    const zero = flags === ZERO_CONTINUE;

    if (addr >= used || !(zero || flags === PAGE_CONTINUE)) {
      const size = readSingle(window, state, runs, count, at, flags, addr);
      if (size === 0) break;
      at += size;
      used = entries[state.current]!.usedLength;
      count += 1;
      continue;
    }
    const length = zero ? 1 : pageSize;
    const stride = 8 + length;
    if (at + stride > end) break;
    const fill = zero ? bytes[at + 8]! : ANY;
    const last = Math.min(end - stride, at + stride * (Math.ceil((used - addr) / pageSize) - 1));
    const next = runEnd(window, at, last, stride, pageSize, fill);
    runs.kind[count] = zero ? pageKind.zero : pageKind.page;
    runs.named[count] = 0;
    runs.block[count] = state.current;
    runs.fill[count] = zero ? fill : 0;
    runs.addr[count] = addr;
    runs.pages[count] = (next - at) / stride;
    runs.body[count] = at + 8;
    runs.length[count] = length;
    count += 1;
    at = next;
  }
  runs.count = count;
  runs.blocks = entries;
  runs.bytes = bytes;
  runs.base = window.base;
  window.at = at;
}

/** Bodies are not looked at. */
const ANY = -1;

/**
 * Where the run that begins at `at` ends. The next record of a run is known to the bit, so it is compared and not
 * decoded: integers only, and the carry into the high half, once in 2^32 bytes of guest memory, outside of the loop.
 * `last`: the latest index at which a record of it may begin.
 */
function runEnd(window: Window, at: number, last: number, stride: number, pageSize: number, fill: number): number {
  const { view, bytes } = window;
  let high = view.getInt32(at) | 0;
  let low = view.getInt32(at + 4) | 0;
  for (;;) {
    const untilCarry = Math.ceil((HIGH - (low >>> 0)) / pageSize);
    const stop = Math.min(last, at + stride * (untilCarry - 1)) | 0;
    while (
      at <= stop &&
      view.getInt32(at + 4) === low &&
      view.getInt32(at) === high &&
      (fill === ANY || bytes[at + 8] === fill)
    ) {
      low = (low + pageSize) | 0;
      at = (at + stride) | 0;
    }
    if (at <= stop || at > last) return at;
    high = (high + 1) | 0;
  }
}

/** Any record that cannot start a run. Answers its size, 0 when it is not whole, no page, or no good. */
function readSingle(
  window: Window,
  state: PageLoopState,
  runs: PageRuns,
  i: number,
  at: number,
  flags: number,
  addr: number,
): number {
  const kind = KIND_OF_FLAG.get(flags & ~ramFlag.continue);
  if (kind === undefined) return 0;
  const { bytes, view, end } = window;
  let body = at + 8;
  let block = state.current;
  const named = (flags & ramFlag.continue) === 0;
  if (named) {
    const length = bytes[body]!;
    body += 1 + length;
    if (body > end) return 0;
    block = state.table.find(latin1(bytes, body - length, body));
  }
  if (block < 0 || addr >= state.table.entries[block]!.usedLength) return 0;
  const headSize = bodyHeadSize[kind]!;
  if (body + headSize > end) return 0;
  let length = kind === pageKind.zero ? 1 : runs.pageSize;
  if (kind === pageKind.xbzrle) {
    length = view.getUint16(body + 1);
    if (bytes[body] !== XBZRLE_ENCODING || length > runs.pageSize) return 0;
  } else if (kind === pageKind.compressed) {
    length = view.getUint32(body);
    if (length > maxCompressedPage(runs.pageSize)) return 0;
  }
  body += headSize;
  if (body + length > end) return 0;
  runs.kind[i] = kind;
  runs.named[i] = named ? 1 : 0;
  runs.block[i] = block;
  runs.fill[i] = kind === pageKind.zero ? bytes[body]! : 0;
  runs.addr[i] = addr;
  runs.pages[i] = 1;
  runs.body[i] = body;
  runs.length[i] = length;
  state.current = block;
  return body + length - at;
}
