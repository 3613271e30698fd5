// HOT. Reads page records by hand; wire/page-header.ts is the truth, and a property test holds the two equal. Takes
// what is whole, well-formed and about known blocks; leaves the window at the first record that is not, for the slow
// path to read or to refuse. No object, promise or BigInt per page. May import wire constants and its own folder.

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
    let high = view.getUint32(at);
    let low = view.getUint32(at + 4);
    const flags = low & mask;
    if (high >= HIGH_LIMIT) break;
    const addr = high * HIGH + (low - flags);

    if (flags === ZERO_CONTINUE && addr < used) {
      const fill = bytes[at + 8]!;
      const first = at;
      // The next record of a run is known to the bit: compare, do not decode.
      const stop = Math.min(end - 9, at + 9 * (Math.ceil((used - addr) / pageSize) - 1));
      let next = (low + pageSize) | 0;
      if (next >>> 0 < pageSize) high += 1;
      at += 9;
      while (at <= stop && view.getInt32(at + 4) === next && view.getUint32(at) === high && bytes[at + 8] === fill) {
        next = (next + pageSize) | 0;
        if (next >>> 0 < pageSize) high += 1;
        at += 9;
      }
      runs.kind[count] = pageKind.zero;
      runs.fill[count] = fill;
      runs.pages[count] = (at - first) / 9;
      runs.length[count] = 1;
      runs.body[count] = first + 8;
    } else if (flags === PAGE_CONTINUE && addr < used) {
      const stride = 8 + pageSize;
      const first = at;
      if (at + stride > end) break;
      const stop = Math.min(end - stride, at + stride * (Math.ceil((used - addr) / pageSize) - 1));
      low = (low + pageSize) >>> 0;
      if (low < pageSize) high += 1;
      at += stride;
      while (at <= stop && view.getUint32(at + 4) === low && view.getUint32(at) === high) {
        low = (low + pageSize) >>> 0;
        if (low < pageSize) high += 1;
        at += stride;
      }
      runs.kind[count] = pageKind.page;
      runs.pages[count] = (at - first) / stride;
      runs.length[count] = pageSize;
      runs.body[count] = first + 8;
    } else {
      const size = readSingle(window, state, runs, count, at, flags, addr);
      if (size === 0) break;
      at += size;
      used = entries[state.current]!.usedLength;
      count += 1;
      continue;
    }
    runs.named[count] = 0;
    runs.block[count] = state.current;
    runs.addr[count] = addr;
    count += 1;
  }
  runs.count = count;
  runs.blocks = entries;
  runs.bytes = bytes;
  runs.base = window.base;
  window.at = at;
}

/** Any record that cannot start a run. Answers its size, 0 when it is not whole, no page, or no good. */
function readSingle(window: Window, state: PageLoopState, runs: PageRuns, i: number, at: number, flags: number, addr: number): number {
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
