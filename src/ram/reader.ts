// The payload of a "ram" section: records until EOS. Knows the block table and the block that CONTINUE refers to, both
// of which outlive a section, and finds out the layout of the block list and the target page size when nobody has said.
// QEMU: ram_load_precopy(), migration/ram.c.

import type { Cursor } from '../bytes/cursor.js';
import { escapeText, quote } from '../base/quote.js';
import { span } from '../base/span.js';
import { hex, type Window } from '../bytes/window.js';
import { MAX_FILL, MAX_RAM_BLOCKS, maxCompressedPage } from '../limits.js';
import { layouts, type BlockLayout, type How } from '../wire/dialect.js';
import { ramBlockEntry, type RamBlockEntry } from '../wire/ram-block.js';
import { pageHeader, type PageHeader } from '../wire/page-header.js';
import { ramFlag } from '../wire/ram-flags.js';
import { BlockTable } from './block-table.js';
import type { RamContext } from './context.js';
import type { RamEvent, RamMark } from './event.js';
import { candidateLayouts, inferLayout, type LayoutContext } from './infer-layout.js';
import { inferPageSize } from './infer-page-size.js';
import { readMappedArea } from './mapped/area.js';
import { findMappedBase } from './mapped/base.js';
import { readPageRuns, type PageLoopState } from './page-loop.js';
import { PageRuns } from './page-runs.js';

const marks: ReadonlyMap<number, RamMark> = new Map<number, RamMark>([
  [ramFlag.eos, 'eos'],
  [ramFlag.hook, 'hook'],
  [ramFlag.multifdFlush, 'multifd-flush'],
]);

/** A first look at records, in bytes: behind a short stream stands what is not to be read. */
const NEAR = 64 * 1024;

/** Reads RAM sections of one stream, one after the other. */
export class RamReader {
  private readonly state: PageLoopState = { table: new BlockTable(), current: -1 };
  private runs: PageRuns | undefined;
  private layout: BlockLayout | undefined;
  /** Bytes in front of the stream in the file that mapped-ram offsets count from. */
  private mappedBase: number | undefined;
  private mappedRuns: PageRuns | undefined;

  /**
   * One payload, up to and including EOS.
   * @throws MigrationStreamError bad-ram-flags, unknown-block, offset-out-of-block, bad-payload, bad-block-list,
   *   dialect-unknown, dialect-ambiguous, truncated …
   */
  async *read(cursor: Cursor, context: RamContext): AsyncGenerator<RamEvent> {
    if (this.runs === undefined) yield* this.learnPageSize(cursor, context);
    const runs = this.runs!;
    for (;;) {
      const start = cursor.position;
      readPageRuns(cursor, this.state, runs);
      if (runs.count > 0) {
        yield { kind: 'pages', runs, span: span(start, cursor.position) };
        continue;
      }
      const record = await this.header(cursor, runs.pageSize);
      if (record === undefined) continue;
      const { header, offset } = record;
      const mark = marks.get(header.flags & ~ramFlag.continue);
      if (mark !== undefined) {
        const { flags, address } = header;
        yield {
          kind: 'ram-mark',
          mark,
          flags,
          address,
          targetPageSize: runs.pageSize,
          span: span(offset, cursor.position),
        };
        if (mark === 'eos') return;
      } else {
        yield* this.blockList(cursor, context, header, offset);
      }
    }
  }

  private async *learnPageSize(cursor: Cursor, context: RamContext): AsyncGenerator<RamEvent> {
    const here = span(cursor.position, cursor.position);
    let known = context.targetPageSize;
    let alternatives: readonly number[] = [];
    if (known === undefined) {
      // The header of the first mapped-ram entry states it, and its pages are not worth reading for that.
      const far = context.capabilities?.includes('mapped-ram') ? 1024 : MAX_FILL;
      for (let near = Math.min(NEAR, far); known === undefined; near = Math.min(near + NEAR, far)) {
        await cursor.fill(near);
        const inferred = inferPageSize(cursor.lookahead(near), context);
        if (!inferred.settled && near < far && !cursor.atEnd) continue;
        known = inferred;
        alternatives = inferred.alternatives;
      }
    }
    this.runs = new PageRuns(known.value);
    yield {
      kind: 'dialect',
      fact: 'target-page-size',
      value: known.value,
      how: known.how,
      alternatives,
      trials: [],
      span: here,
    };
  }

  /** A record that is no page; undefined when there is a page after all, now that the window is full. */
  private async header(cursor: Cursor, pageSize: number): Promise<{ header: PageHeader; offset: number } | undefined> {
    const codec = pageHeader(pageSize);
    const before = cursor.available;
    await cursor.fill(8);
    const flags = cursor.available < 8 ? 0 : cursor.view.getUint32(cursor.at + 4) & (pageSize - 1) & ~ramFlag.continue;
    const alone = marks.has(flags) || flags === ramFlag.memSize;
    if (!alone) {
      await cursor.fill(codec.maxSize + 4 + maxCompressedPage(pageSize));
      if (cursor.available > before) return undefined;
    }
    const offset = cursor.position;
    const header = codec.decode(cursor);
    if (!alone) this.refuse(cursor, header, offset, pageSize);
    return { header, offset };
  }

  /** The loop did not take this page record although all of it that exists is here: say why. */
  private refuse(cursor: Cursor, header: PageHeader, offset: number, pageSize: number): never {
    const { entries } = this.state.table;
    const block = header.idstr === undefined ? this.state.current : this.state.table.find(header.idstr);
    const name = header.idstr ?? entries[block]?.idstr;
    cursor.enter(`page record (${name === undefined ? 'no block' : escapeText(name)} + ${hex(header.address)})`);
    if (block < 0) {
      throw header.idstr === undefined
        ? cursor.fail('unknown-block', 'CONTINUE, but no block was named before', { offset })
        : cursor.fail('unknown-block', `block ${quote(header.idstr)} is not in the block list`, { offset });
    }
    const { usedLength } = entries[block]!;
    if (header.address >= usedLength) {
      throw cursor.fail('offset-out-of-block', `offset ${hex(header.address)} in a block of ${hex(usedLength)} bytes`, {
        offset,
      });
    }
    const kind = header.flags & ~ramFlag.continue;
    if (kind === ramFlag.zero) throw cursor.truncated(1);
    if (kind === ramFlag.page) throw cursor.truncated(pageSize);
    if (kind === ramFlag.xbzrle) {
      const encoding = cursor.u8();
      const length = cursor.u16();
      if (encoding === 1 && length <= pageSize) throw cursor.truncated(length);
      throw cursor.fail('bad-payload', `XBZRLE encoding ${encoding}, length ${length}`, { offset });
    }
    const length = cursor.u32();
    if (length <= maxCompressedPage(pageSize)) throw cursor.truncated(length);
    throw cursor.fail('bad-payload', `compressed page of ${length} bytes`, { offset });
  }

  private async *blockList(
    cursor: Cursor,
    context: RamContext,
    header: PageHeader,
    start: number,
  ): AsyncGenerator<RamEvent> {
    const depth = cursor.enter('block list');
    const pageSize = this.runs!.pageSize;
    const total = header.address;
    // The list ends where its sum says, so nothing can be read before the layout is known.
    const layout = this.layout ?? (yield* this.learnLayout(cursor, context, total, start));
    const { table } = this.state;
    // Entries carry on: a second list (hot plug, or made by hand) replaces the first, but CONTINUE may still refer to
    // it.
    const current = table.entries[this.state.current]?.idstr;
    table.clear();
    const codec = ramBlockEntry(layout, pageSize);
    let stretch: RamBlockEntry[] = [];
    let continues = false;
    let from = start;
    let sum = 0;
    const flush = (): RamEvent => ({
      kind: 'ram-blocks',
      total,
      flags: header.flags,
      layout,
      targetPageSize: pageSize,
      blocks: stretch,
      continues,
      ...(this.mappedBase === undefined ? {} : { mappedBase: this.mappedBase }),
      span: span(from, cursor.position),
    });
    while (sum < total) {
      if (table.entries.length + stretch.length >= MAX_RAM_BLOCKS)
        throw cursor.fail('limit-exceeded', `more than ${MAX_RAM_BLOCKS} RAM blocks`);
      if (cursor.available < codec.maxSize) await cursor.fill(codec.maxSize);
      const offset = cursor.position;
      const entry = codec.decode(cursor);
      sum += entry.usedLength;
      if (sum > total) {
        throw cursor.fail('bad-block-list', `lengths sum to ${hex(sum)}, past the total of ${hex(total)}`, {
          offset,
          hint: { code: 'other-dialect' },
        });
      }
      stretch.push(entry);
      if (entry.mapped === undefined || entry.mapped.pagesOffset === 0) continue;
      table.add(stretch);
      const base = this.mappedBase ?? (yield* this.learnBase(cursor, context, entry, layout));
      yield flush();
      yield* this.mappedArea(cursor, entry, base, context.bodies);
      stretch = [];
      continues = true;
      from = cursor.position;
    }
    table.add(stretch);
    if (stretch.length > 0 || !continues) yield flush();
    this.state.current = current === undefined ? -1 : table.find(current);
    cursor.leave(depth);
  }

  private async *learnBase(
    cursor: Cursor,
    context: RamContext,
    entry: RamBlockEntry,
    layout: BlockLayout,
  ): AsyncGenerator<RamEvent, number> {
    const { value, how } = await findMappedBase(cursor, entry, layout, this.runs!.pageSize, context.mappedBase);
    this.mappedBase = value;
    const here = span(cursor.position, cursor.position);
    if (value !== 0 || how === 'option')
      yield { kind: 'dialect', fact: 'mapped-base', value, how, alternatives: [], trials: [], span: here };
    return value;
  }

  private async *learnLayout(
    cursor: Cursor,
    context: RamContext,
    total: number,
    start: number,
  ): AsyncGenerator<RamEvent, BlockLayout> {
    const facts: LayoutContext = { ...context, pageSize: this.runs!.pageSize };
    const candidates = context.layout === undefined ? candidateLayouts(facts) : [context.layout];
    // A mapped-ram list is interrupted by whole blocks of pages: its first entry is all that can be looked at.
    const far = candidates.every((candidate) => candidate.mapped) ? 1024 : MAX_FILL;
    // One candidate needs no look at the pages behind the list; a list that is longer than the first look needs more.
    const near = candidates.length === 1 ? Math.min(NEAR, far) : far;
    await cursor.fill(near, cursor.position - start);
    let ahead = cursor.lookahead(near);
    let inferred = inferLayout(ahead, total, facts, candidates);
    if (near < far && inferred.fitting.length === 0) {
      await cursor.fill(far, cursor.position - start);
      ahead = cursor.lookahead(far);
      inferred = inferLayout(ahead, total, facts, candidates);
    }
    const { fitting, trials, alternatives } = inferred;
    const how: How = context.layout !== undefined ? 'option' : candidates.length === 1 ? 'configuration' : 'inferred';
    if (fitting.length > 1) {
      throw cursor.fail(
        'dialect-ambiguous',
        `the block list can be read as ${fitting.map((fit) => fit.name).join(' and as ')}`,
        {
          hint: { code: 'choose-dialect' },
        },
      );
    }
    if (fitting.length === 0 && context.layout === undefined) refuseUnlisted(cursor, ahead, total, facts, candidates);
    // One candidate that breaks a rule: read it all the same, the error will name the very byte.
    const layout = fitting[0] ?? (candidates.length === 1 ? candidates[0] : undefined);
    if (layout === undefined) {
      if (trials.some((trial) => trial.truncated)) {
        throw ahead.atEnd
          ? cursor.truncated(cursor.available + 1)
          : cursor.fail('limit-exceeded', 'the block list is longer than any real one');
      }
      const reasons = trials.map((trial) => `${trial.layout}: ${trial.broken ?? ''}`).join('; ');
      throw cursor.fail('dialect-unknown', `no known layout fits the block list (${reasons})`, {
        hint: { code: 'force-dialect' },
      });
    }
    // An empty list says nothing about a later one.
    if (total > 0) this.layout = layout;
    yield { kind: 'dialect', fact: 'layout', value: layout.name, how, alternatives, trials, span: span(start, start) };
    return layout;
  }

  /** The pages of `entry`, whose header ends here. */
  private async *mappedArea(
    cursor: Cursor,
    entry: RamBlockEntry,
    base: number,
    bodies: boolean,
  ): AsyncGenerator<RamEvent> {
    const { bitmapOffset, pagesOffset } = entry.mapped!;
    const pages = pagesOffset - base;
    const end = pages + entry.usedLength;
    const depth = cursor.enter(`pages of ${escapeText(entry.idstr)}`);
    if (end < cursor.position || !Number.isSafeInteger(end)) {
      throw cursor.fail('bad-block-list', `pages_offset ${hex(pagesOffset)} points back into the stream`);
    }
    const runs = (this.mappedRuns ??= new PageRuns(this.runs!.pageSize));
    runs.blocks = this.state.table.entries;
    const block = runs.blocks.length - 1;
    yield* readMappedArea(cursor, { block, bitmap: bitmapOffset - base, pages, end }, runs, bodies);
    cursor.leave(depth);
  }
}

/**
 * The list is whole, only not in a layout that its stream's capabilities call for: an edited list, or a fork of QEMU's.
 */
function refuseUnlisted(
  cursor: Cursor,
  ahead: Window,
  total: number,
  facts: LayoutContext,
  candidates: readonly BlockLayout[],
): void {
  const impossible = Object.values(layouts).filter((layout) => !candidates.includes(layout));
  const { fitting, alternatives } = inferLayout(ahead, total, facts, impossible);
  const [layout] = fitting;
  if (
    facts.capabilities === undefined ||
    layout === undefined ||
    fitting.length > 1 ||
    alternatives.includes('relaxed rules')
  )
    return;
  const listed =
    facts.capabilities.length === 0 ? 'without capabilities' : `of ${facts.capabilities.map(quote).join(', ')}`;
  throw cursor.fail(
    'dialect-unknown',
    `the block list is of layout ${layout.name}, which the capability list ${listed} does not call for`,
    {
      hint: { code: 'read-as', layout: layout.name },
    },
  );
}
