// The RAM blocks of two states, after their pages came by: what is still open is read at its place, and answers become
// ranges.

import { MAX_DIFFERENCES } from '../../limits.js';
import type { MemoryOrigin } from '../../bytes/memory.js';
import { pageState } from '../../ram/last-versions.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import { both } from './both.js';
import { pageAnswer, type PageTable } from './page-table.js';
import type { BlockDifference, PageRange } from './result.js';
import { sameBytes, viewOf } from './same-bytes.js';
import type { Side } from './side.js';

/** Bytes that are read at once. */
const BATCH = 1024 * 1024;

/** The memory of one block of one side. */
interface BlockMemory {
  readonly block: RamBlockEntry;
  /** Nothing of it is in the stream, and no file was given. */
  readonly leftOut: boolean;
  /** Is the page zero without being read? */
  zero(page: number): boolean;
  /** The stream broke off. */
  readonly broken: boolean;
  /** The stream broke off before the page came. */
  missing(page: number): boolean;
  /** The first page from `page` on that may have content; `pages` where there is none below it. */
  next(page: number, pages: number): number;
  read(first: number, into: Uint8Array): Promise<void>;
}

/** Memory files by idstr, of the blocks that a stream leaves out. */
export type MemoryFiles = ReadonlyMap<string, MemoryOrigin>;

export interface SideMemory {
  readonly side: Side;
  readonly files: MemoryFiles;
}

/**
 * The blocks that differ, or that could not be compared.
 * @throws MigrationStreamError `not-seekable`: pages must be read a second time, and a side is a pipe
 */
export async function compareBlocks(
  a: SideMemory,
  b: SideMemory,
  table: PageTable,
  countBytes: boolean,
): Promise<{ readonly blocks: readonly BlockDifference[]; readonly pages: number; readonly different: number }> {
  const names = new Set([...a.side.blocks, ...b.side.blocks].map(({ idstr }) => idstr));
  const blocks: BlockDifference[] = [];
  let pages = 0;
  let different = 0;
  for (const idstr of names) {
    const found = await compareBlock(idstr, memoryOf(a, idstr), memoryOf(b, idstr), a.side, b.side, table, countBytes);
    pages += found.pages;
    different += found.different;
    if (
      found.different > 0 ||
      found.only !== undefined ||
      found.note !== undefined ||
      found.length.a !== found.length.b
    )
      blocks.push(found);
  }
  return { blocks, pages, different };
}

async function compareBlock(
  idstr: string,
  a: BlockMemory | undefined,
  b: BlockMemory | undefined,
  first: Side,
  second: Side,
  table: PageTable,
  countBytes: boolean,
): Promise<BlockDifference> {
  const { pageSize } = first;
  const nothing = {
    block: idstr,
    only: a === undefined ? ('b' as const) : b === undefined ? ('a' as const) : undefined,
    length: { a: a?.block.usedLength, b: b?.block.usedLength },
    pageSize,
    pages: 0,
    different: 0,
    ranges: [],
    moreRanges: 0,
    bytes: undefined,
  };
  if (a === undefined || b === undefined) return { ...nothing, note: undefined };
  const note = whyNot(a, b, first, second);
  if (note !== undefined) return { ...nothing, note };
  const pages = Math.ceil(Math.min(a.block.usedLength, b.block.usedLength) / pageSize);
  const slot = table.slot(idstr);
  const known = await settle(a, b, pages, pageSize, slot, table);
  const { ranges, moreRanges, different } = rangesOf(table, slot);
  const bytes = countBytes ? await differentBytes(a, b, table, slot, pageSize) : undefined;
  return { ...nothing, pages: known, different, ranges, moreRanges, bytes, note: undefined };
}

function whyNot(a: BlockMemory, b: BlockMemory, first: Side, second: Side): string | undefined {
  if (first.pageSize !== second.pageSize)
    return `pages of ${first.pageSize} and of ${second.pageSize} bytes are not compared`;
  if (a.leftOut && b.leftOut) return 'both streams leave its pages out';
  if (a.leftOut) return 'the first stream leaves its pages out';
  return b.leftOut ? 'the second stream leaves its pages out' : undefined;
}

function memoryOf({ side, files }: SideMemory, idstr: string): BlockMemory | undefined {
  const index = side.blocks.findIndex((block) => block.idstr === idstr);
  const block = side.blocks[index];
  if (block === undefined) return undefined;
  const { versions, pageSize } = side;
  const file = files.get(idstr);
  const came = versions.has(index);
  if (file !== undefined && !came) {
    return {
      block,
      leftOut: false,
      zero: () => false,
      broken: false,
      missing: () => false,
      next: (page, pages) => (page * pageSize < file.size ? page : pages),
      async read(first, into) {
        into.fill(0, await file.read(into, first * pageSize));
      },
    };
  }
  let memory: ReturnType<Side['memory']> | undefined;
  return {
    block,
    leftOut: !came && side.layout?.gpa === true,
    zero(page) {
      const state = versions.state(index, page);
      return state === pageState.absent || state === pageState.zero;
    },
    broken: side.error !== undefined,
    missing: (page) => side.error !== undefined && versions.state(index, page) === pageState.absent,
    next: (page, pages) => versions.next(index, page, pages),
    async read(first, into) {
      memory ??= side.memory();
      await memory.read(index, first, into);
    },
  };
}

/** Every page that has no answer yet gets one. Answers the number of pages that both sides have. */
async function settle(
  a: BlockMemory,
  b: BlockMemory,
  pages: number,
  pageSize: number,
  slot: number,
  table: PageTable,
): Promise<number> {
  const most = BATCH / pageSize;
  const first = new Uint8Array(BATCH);
  const second = new Uint8Array(BATCH);
  const views = [viewOf(first), viewOf(second)] as const;
  const missing = (page: number): boolean => a.missing(page) || b.missing(page);
  const open = (page: number): boolean =>
    table.answer(slot, page) === pageAnswer.unknown && !(a.zero(page) && b.zero(page)) && !missing(page);
  /** Compares the open pages from `page` on. Answers how many. */
  const compareRun = async (page: number): Promise<number> => {
    let count = 1;
    while (count < most && page + count < pages && open(page + count)) count += 1;
    const length = count * pageSize;
    await both(a.read(page, first.subarray(0, length)), b.read(page, second.subarray(0, length)));
    for (let k = 0; k < count; k += 1) {
      const same = sameBytes(views[0], k * pageSize, views[1], k * pageSize, pageSize);
      table.set(slot, page + k, 1, same ? pageAnswer.same : pageAnswer.different);
    }
    return count;
  };
  const broken = a.broken || b.broken;
  let known = broken ? 0 : pages;
  const next = (page: number): number => Math.min(a.next(page, pages), b.next(page, pages));
  for (let page = next(0); page < pages; page = next(page)) {
    if (missing(page)) {
      table.set(slot, page, 1, pageAnswer.unknown);
      page += 1;
      continue;
    }
    const count = open(page) ? await compareRun(page) : 1;
    if (broken) known += count;
    page += count;
  }
  return known;
}

function rangesOf(
  table: PageTable,
  slot: number,
): { readonly ranges: PageRange[]; readonly moreRanges: number; readonly different: number } {
  const ranges: PageRange[] = [];
  let moreRanges = 0;
  let different = 0;
  for (const range of table.different(slot)) {
    different += range.count;
    if (ranges.length < MAX_DIFFERENCES) ranges.push(range);
    else moreRanges += 1;
  }
  return { ranges, moreRanges, different };
}

async function differentBytes(
  a: BlockMemory,
  b: BlockMemory,
  table: PageTable,
  slot: number,
  pageSize: number,
): Promise<number> {
  const left = new Uint8Array(pageSize);
  const right = new Uint8Array(pageSize);
  let sum = 0;
  for (const { first, count } of table.different(slot)) {
    for (let page = first; page < first + count; page += 1) {
      await both(a.read(page, left), b.read(page, right));
      for (let i = 0; i < pageSize; i += 1) if (left[i] !== right[i]) sum += 1;
    }
  }
  return sum;
}
