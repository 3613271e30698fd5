// What the memory of saved states is made of: zero pages, duplicates, contents that states share; what page records
// cost, and what another form would. Each stream is walked once, and its pages are then read once, newest versions
// only.

import { MigrationStreamError } from '../../base/errors.js';
import { allZero, fnv, latin1Bytes } from '../../base/bytes.js';
import type { MigrationStream } from '../../open/open-stream.js';
import { notSeekable } from '../../open/guest-memory.js';
import { GuestMemory } from '../../ram/guest-memory.js';
import { LastVersions, pageState } from '../../ram/last-versions.js';
import type { Inflate } from '../../ram/page-decoder.js';
import { PageIndex } from '../../ram/page-index.js';
import { pageKindNames, type PageRuns } from '../../ram/page-runs.js';
import type { BlockLayout } from '../../wire/dialect.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import { ContentTable, MAX_STATES } from './content-table.js';
import { hashed, hashPage } from './page-hash.js';
import type { RecordCost, Stat, StateStat } from './result.js';

export interface StatInput {
  readonly label: string;
  /** Opened with `bodies: 'none'`, from a source that can be sought. */
  readonly stream: MigrationStream;
}

export interface StatOptions {
  /** zlib, for the pages of the old `compress` capability. */
  readonly inflate: Inflate;
  /** The size of `page` when it is compressed. */
  readonly deflatedSize: (page: Uint8Array) => number;
  readonly maxContents?: number;
}

/** Pages that are compressed for the estimate, at most; they lie at even distances. */
const MAX_SAMPLED = 2048;
/** Bytes that are read at once. */
const BATCH = 1024 * 1024;
/** A record's header without a name, and the fill byte of a zero page. */
const HEADER = 8;
const FILL = 1;

interface Walked {
  readonly input: StatInput;
  readonly versions: LastVersions;
  readonly index: PageIndex;
  readonly costs: Costs;
  readonly blocks: readonly RamBlockEntry[];
  readonly layout: BlockLayout | undefined;
  readonly pageSize: number;
  readonly error: MigrationStreamError | undefined;
}

/**
 * @throws MigrationStreamError `not-seekable` for a pipe; `limit-exceeded`; `io` and `bad-payload` while pages are read.
 *   RangeError for more than MAX_STATES states
 */
export async function stat(inputs: readonly StatInput[], options: StatOptions): Promise<Stat> {
  if (inputs.length > MAX_STATES) throw new RangeError(`at most ${MAX_STATES} states are compared`);
  const contents = new ContentTable(options.maxContents);
  const places = new ContentTable(options.maxContents);
  const measured: Measured[] = [];
  for (const [state, input] of inputs.entries())
    measured.push(await measure(await walk(input), { state, contents, places }, options));
  const all = 2 ** inputs.length - 1;
  const isAll = (states: number): boolean => states >>> 0 === all;
  return {
    states: measured.map((counts, state) => finished(counts, state, contents)),
    distinct: contents.contents(() => true),
    inAll: contents.contents(isAll),
    template: places.contents(isAll),
    weight: Math.max(contents.weight, places.weight),
  };
}

async function walk(input: StatInput): Promise<Walked> {
  if (!input.stream.source.seekable) throw notSeekable('the newest version of each page');
  const versions = new LastVersions();
  const index = new PageIndex();
  const costs = new Costs();
  let blocks: RamBlockEntry[] = [];
  let layout: BlockLayout | undefined;
  let pageSize = 4096;
  let error: MigrationStreamError | undefined;
  try {
    for await (const event of input.stream.events()) {
      if (event.kind === 'pages' || event.kind === 'mapped-pages') {
        versions.add(event.runs);
        index.add(event.runs);
        costs.add(event.runs);
      }
      if (event.kind !== 'ram-blocks') continue;
      blocks = event.continues ? [...blocks, ...event.blocks] : [...event.blocks];
      layout = event.layout;
      pageSize = event.targetPageSize;
    }
  } catch (thrown) {
    if (!(thrown instanceof MigrationStreamError)) throw thrown;
    error = thrown;
  }
  return { input, versions, index, costs, blocks, layout, pageSize, error };
}

/** Records and their bytes, by kind. */
class Costs {
  private readonly records = new Float64Array(pageKindNames.length);
  private readonly bytes = new Float64Array(pageKindNames.length);

  add(runs: PageRuns): void {
    for (let i = 0; i < runs.count; i += 1) {
      const kind = runs.kind[i]!;
      this.records[kind]! += runs.pages[i]!;
      this.bytes[kind]! += runs.pages[i]! * runs.stride(i);
    }
  }

  rows(): RecordCost[] {
    return pageKindNames
      .map((kind, i) => ({ kind, records: this.records[i]!, bytes: this.bytes[i]! }))
      .filter(({ records }) => records > 0);
  }
}

interface Tables {
  /** The bit of the state in both tables. */
  readonly state: number;
  readonly contents: ContentTable;
  /** Contents together with their addresses. */
  readonly places: ContentTable;
}

interface Measured {
  readonly walked: Walked;
  readonly pages: number;
  readonly zero: number;
  readonly absent: number;
  readonly leftOut: number;
  readonly data: number;
  readonly sampled: number;
  readonly sampledBytes: number;
}

async function measure(walked: Walked, tables: Tables, { inflate, deflatedSize }: StatOptions): Promise<Measured> {
  const { input, versions, blocks, layout, pageSize } = walked;
  const memory = new GuestMemory({ source: input.stream.source, versions, blocks, pageSize, inflate });
  const into = new Uint8Array(BATCH);
  const view = new DataView(into.buffer);
  const counts = { pages: 0, zero: 0, absent: 0, leftOut: 0, data: 0, sampled: 0, sampledBytes: 0 };
  const every = Math.max(1, Math.floor(dataPages(walked, memory) / MAX_SAMPLED));
  for (const [block, { idstr }] of blocks.entries()) {
    const pages = memory.pagesOf(block);
    counts.pages += pages;
    if (!versions.has(block)) {
      counts[layout?.gpa === true ? 'leftOut' : 'absent'] += pages;
      continue;
    }
    const seed = fnv(latin1Bytes(idstr));
    const before = counts.zero + counts.data;
    for (let page = versions.next(block, 0, pages); page < pages; page = versions.next(block, page, pages)) {
      const state = versions.state(block, page);
      if (!hasBody(state)) {
        if (state === pageState.zero) counts.zero += 1;
        page += 1;
        continue;
      }
      let count = 1;
      while (count < BATCH / pageSize && page + count < pages && hasBody(versions.state(block, page + count)))
        count += 1;
      await memory.read(block, page, into.subarray(0, count * pageSize));
      for (let k = 0; k < count; k += 1) {
        const bytes = into.subarray(k * pageSize, (k + 1) * pageSize);
        if (allZero(bytes)) {
          counts.zero += 1;
          continue;
        }
        hashPage(view, k * pageSize, pageSize);
        tables.contents.add(hashed.high, hashed.low, tables.state);
        const address = (Math.imul(page + k, 0x9e37_79b1) ^ seed) >>> 0;
        tables.places.add((hashed.high ^ address) >>> 0, (hashed.low + address) >>> 0, tables.state);
        if (counts.data % every === 0) {
          counts.sampled += 1;
          counts.sampledBytes += Math.min(pageSize, deflatedSize(bytes));
        }
        counts.data += 1;
      }
      page += count;
    }
    counts.absent += pages - (counts.zero + counts.data - before);
  }
  return { walked, ...counts };
}

function hasBody(state: number): boolean {
  return state === pageState.whole || state === pageState.built;
}

function dataPages({ versions, blocks }: Walked, memory: GuestMemory): number {
  let sum = 0;
  for (const block of blocks.keys())
    for (let page = memory.next(block, 0); page < memory.pagesOf(block); page = memory.next(block, page + 1))
      if (hasBody(versions.state(block, page))) sum += 1;
  return sum;
}

function finished({ walked, ...counts }: Measured, state: number, contents: ContentTable): StateStat {
  const { input, index, costs, blocks, pageSize, error } = walked;
  const bit = 1 << state;
  const distinct = contents.contents((states) => (states & bit) !== 0);
  const shared = contents.contents((states) => (states & bit) !== 0 && (states & ~bit) !== 0);
  const records = costs.rows();
  const sent = records.reduce((sum, { records: count }) => sum + count, 0);
  const distinctPages = [...blocks.keys()].reduce((sum, block) => sum + (index.counts(block).distinct ?? 0), 0);
  const compressed = counts.sampled === 0 ? undefined : counts.sampledBytes / (counts.sampled * pageSize);
  const headers = HEADER * (counts.data + counts.zero) + FILL * counts.zero;
  const compact = headers + counts.data * pageSize;
  return {
    label: input.label,
    error,
    size: input.stream.source.size,
    pageSize,
    pages: counts.pages,
    zero: counts.zero,
    absent: counts.absent,
    leftOut: counts.leftOut,
    data: counts.data,
    distinct: Math.min(distinct, counts.data),
    shared: Math.min(shared, counts.data),
    compressed,
    sampled: counts.sampled,
    records,
    resent: sent - distinctPages,
    forms: {
      now: records.reduce((sum, { bytes }) => sum + bytes, 0),
      compact,
      mapped: counts.data * pageSize,
      compressed: compressed === undefined ? undefined : Math.round(headers + counts.data * pageSize * compressed),
      deduplicated: Math.min(distinct, counts.data) * pageSize,
    },
  };
}
