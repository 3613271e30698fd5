// Compaction: of a live save, which sends pages again and again, only the newest version of each page, in block order.
// The first pass has noted where they stand; the second writes them in one PART and drops every other page record.

import { applyXbzrle } from '../../ram/xbzrle.js';
import { inflate } from '../../bytes/node/inflate.js';
import { readSource, type ByteSource } from '../../bytes/source.js';
import { MigrationStreamError } from '../../base/errors.js';
import { quote } from '../../base/quote.js';
import type { LastVersions, PageVersion } from '../../ram/last-versions.js';
import { pageKind, PageRuns } from '../../ram/page-runs.js';
import type { StreamEvent } from '../../stream/event.js';
import { maxCompressedPage } from '../../limits.js';
import { ramFlag } from '../../wire/ram-flags.js';
import { migCommand } from '../../wire/command.js';
import { EditError } from './edit.js';
import { editsOf, refuse, type Plan, type Transform } from './transform.js';

type ListEvent = Extract<StreamEvent, { kind: 'ram-blocks' }>;

export function compactEdits(plan: Plan): Transform | undefined {
  const [edit] = editsOf(plan, 'compact');
  const input = plan.compact;
  if (edit === undefined || input === undefined) return undefined;
  const lacking = plan.evidence?.blocks.find(
    ({ sent, pages }) => sent.absent !== undefined && sent.absent > 0 && sent.absent < pages,
  );
  if (lacking !== undefined) {
    refuse(
      plan,
      `${lacking.sent.absent} pages of ${quote(lacking.idstr)} never came: multifd channels may hold them, and they are in step with the PARTs`,
      'after free-page hints that is as it should be: --force',
    );
  }
  return async function* compact(events) {
    let list: ListEvent | undefined;
    let before = 0;
    let after = 0;
    /** Inside a PART of RAM that has shown nothing but pages: it goes with them. */
    let held = false;
    let written = false;
    for await (const event of events) {
      check(event, list);
      if (event.kind === 'ram-blocks') {
        if (held) throw new EditError('refused', 'the block list stands in a PART of "ram", where no QEMU puts it');
        list = event;
      }
      if (event.kind === 'section-open' && event.section.idstr === 'ram' && event.type === 'part') {
        held = true;
        continue;
      }
      if (event.kind === 'pages') {
        before += event.runs.records;
        continue;
      }
      if (held && (event.kind === 'ram-mark' || event.kind === 'section-close')) {
        if (event.kind === 'section-close') held = false;
        continue;
      }
      yield event;
      if (event.kind !== 'section-close' || event.section.idstr !== 'ram' || list === undefined || written) continue;
      written = true;
      const at = { start: event.span.end, end: event.span.end };
      yield { kind: 'section-open', type: 'part', section: event.section, span: at };
      const reader = new VersionReader(input.source, list.targetPageSize);
      for (const batch of batches(list)) {
        const runs = await batch(reader, input.versions);
        if (runs === undefined) continue;
        after += runs.records;
        yield { kind: 'pages', runs, span: at };
      }
      yield {
        kind: 'ram-mark',
        mark: 'eos',
        flags: ramFlag.eos,
        address: 0,
        targetPageSize: list.targetPageSize,
        span: at,
      };
      yield { kind: 'section-close', section: event.section, footer: event.footer, span: at };
    }
    plan.matched(edit);
    const { start, end } = list?.span ?? { start: 0, end: 0 };
    plan.note({
      edit: 'compact',
      span: { start, end },
      what: 'page records',
      before: String(before),
      after: String(after),
      why: 'only the newest version of each page counts',
    });
  };
}

/** What shows that pages cannot be moved to the front: other channels that are in step with the PARTs, or commands between them. */
function check(event: StreamEvent, list: ListEvent | undefined): void {
  const no = (why: string): EditError => new EditError('refused', `this stream cannot be compacted: ${why}`);
  switch (event.kind) {
    case 'ram-blocks':
      if (event.layout.mapped) throw no('mapped-ram keeps one version of each page already');
      if (list !== undefined) throw no('it has a second block list');
      return;
    case 'ram-mark':
      if (event.mark === 'multifd-flush') throw no('it has multifd channels beside it, which hold pages too');
      return;
    case 'command':
      if (event.command === migCommand.postcopyRamDiscard || event.command === migCommand.packaged)
        throw no('it went over to postcopy, and pages before and after that are not the same');
      return;
    default:
  }
}

const BATCH_PAGES = 256;

type Batch = (reader: VersionReader, versions: LastVersions) => Promise<PageRuns | undefined>;

/** Every block in order, 256 pages at a time. */
function* batches(list: ListEvent): Generator<Batch> {
  const { targetPageSize: pageSize, blocks } = list;
  const runs = new PageRuns(pageSize);
  runs.blocks = blocks;
  runs.bytes = new Uint8Array(BATCH_PAGES * pageSize);
  let current = -1;
  for (const [block, entry] of blocks.entries()) {
    const pages = Math.ceil(entry.usedLength / pageSize);
    for (let from = 0; from < pages; from += BATCH_PAGES) {
      yield async (reader, versions) => {
        runs.count = 0;
        for (let page = from; page < Math.min(pages, from + BATCH_PAGES); page += 1) {
          const chain = versions.versions(block, page);
          if (chain?.length === 0) continue;
          const i = runs.count;
          runs.count += 1;
          runs.block[i] = block;
          runs.named[i] = block === current ? 0 : 1;
          current = block;
          runs.addr[i] = page * pageSize;
          runs.pages[i] = 1;
          runs.fill[i] = 0;
          runs.kind[i] = chain === undefined ? pageKind.zero : pageKind.page;
          runs.length[i] = chain === undefined ? 1 : pageSize;
          runs.body[i] = i * pageSize;
          if (chain !== undefined) await reader.read(chain, runs.bytes.subarray(i * pageSize, (i + 1) * pageSize));
        }
        return runs.count === 0 ? undefined : runs;
      };
    }
  }
}

/** Reads page versions at their places, through one window: newest versions mostly stand in a row. */
class VersionReader {
  private readonly source: ByteSource;
  private readonly pageSize: number;
  private readonly window = new Uint8Array(512 * 1024);
  private start = 0;
  private length = 0;

  constructor(source: ByteSource, pageSize: number) {
    this.source = source;
    this.pageSize = pageSize;
  }

  async read(chain: readonly PageVersion[], page: Uint8Array): Promise<void> {
    page.fill(0);
    for (const { kind, offset } of chain) {
      if (kind === pageKind.page) page.set(await this.bytes(offset, this.pageSize));
      else if (kind === pageKind.zero) page.fill((await this.bytes(offset, 1))[0]!);
      else if (kind === pageKind.xbzrle) {
        const head = await this.bytes(offset - 2, 2);
        const delta = await this.bytes(offset, (head[0]! << 8) + head[1]!);
        if (!applyXbzrle(delta, page)) throw bad(offset, 'XBZRLE delta cannot be decoded');
      } else {
        const head = await this.bytes(offset - 4, 4);
        const length = new DataView(head.buffer, head.byteOffset).getUint32(0);
        const plain = inflate(
          await this.bytes(offset, Math.min(length, maxCompressedPage(this.pageSize))),
          this.pageSize,
        );
        if (plain?.length !== this.pageSize) throw bad(offset, 'compressed page cannot be inflated to a page');
        page.set(plain);
      }
    }
  }

  /** A loan until the next call. */
  private async bytes(offset: number, count: number): Promise<Uint8Array> {
    if (offset < this.start || offset + count > this.start + this.length) {
      this.start = offset;
      this.length = await readSource(this.source, this.window, offset);
    }
    if (count > this.length) throw bad(offset, 'the input shrank between two passes');
    return this.window.subarray(offset - this.start, offset - this.start + count);
  }
}

function bad(offset: number, message: string): MigrationStreamError {
  return new MigrationStreamError({ code: 'bad-payload', message, offset, path: ['section "ram"', 'page record'] });
}
