// RAM out of the stream into a memory file (externalize) and back (inline). A full save becomes a template and its
// memory; a template becomes a save that needs no file. QEMU: what x-ignore-shared leaves out, migration/ram.c.

import { Refused } from '../../base/refused.js';
import { allZero } from '../../base/bytes.js';
import { MigrationStreamError } from '../../base/errors.js';
import { quote } from '../../base/quote.js';
import { span, type Span } from '../../base/span.js';
import type { MemoryTarget } from '../../bytes/memory.js';
import { hex } from '../../bytes/window.js';
import { PageIndex } from '../../ram/page-index.js';
import { pageKind, PageRuns } from '../../ram/page-runs.js';
import { keepRuns } from '../../ram/keep-runs.js';
import type { StreamEvent } from '../../stream/event.js';
import type { Edit } from './edit.js';
import { PageDecoder } from '../../ram/page-decoder.js';
import { ramPart } from './ram-part.js';
import { editsOf, refuse, type Plan, type Transform } from './transform.js';

type Externalize = Extract<Edit, { edit: 'externalize' }>;
type Inline = Extract<Edit, { edit: 'inline' }>;
type ListEvent = Extract<StreamEvent, { kind: 'ram-blocks' }>;

/** Pages gathered for one write. */
const GATHER = 1024 * 1024;

export function externalizeEdits(plan: Plan): Transform | undefined {
  const edits = editsOf(plan, 'externalize');
  if (edits.length === 0) return undefined;
  return async function* externalize(events) {
    const targets = new Map<number, Externalize>();
    const index = new PageIndex();
    const pages = new Map<number, number>();
    let listed = false;
    const gather = new Uint8Array(GATHER);
    for await (const event of events) {
      if (event.kind === 'ram-blocks') {
        if (listed)
          throw new Refused('refused', 'a second block list, or a mapped-ram one: nothing can be externalized');
        listed = true;
        for (const edit of edits) {
          const at = event.blocks.findIndex((block) => block.idstr === edit.block);
          if (at < 0) continue;
          targets.set(at, edit);
          pages.set(at, Math.ceil(event.blocks[at]!.usedLength / event.targetPageSize));
          plan.matched(edit);
          await edit.memory.open(event.blocks[at]!.usedLength);
          plan.note({
            edit: 'externalize',
            span: event.span,
            what: `pages of ${quote(edit.block)}`,
            before: 'in the stream',
            after: edit.memory.label,
            why: 'a destination maps the file instead, as if x-ignore-shared had been on',
          });
        }
      }
      if (event.kind !== 'pages' || !touches(event.runs, targets)) {
        yield event;
        continue;
      }
      index.add(event.runs);
      for (let i = 0; i < event.runs.count; i += 1) {
        const edit = targets.get(event.runs.block[i]!);
        if (edit === undefined) continue;
        await store(event.runs, i, edit.memory, new PageDecoder(edit.memory, plan.inflate), gather);
      }
      const rest = keepRuns(event, (block) => !targets.has(block));
      if (rest !== undefined) yield rest;
    }
    for (const [at, edit] of targets) {
      const absent = absentPages(index, at, pages.get(at)!);
      // A file of zeros in their place would load, and the guest would be broken without a word.
      if (absent > 0)
        refuse(plan, `${absent} pages of ${quote(edit.block)} are not in this stream`, { code: 'pages-elsewhere' });
    }
  };
}

/**
 * Pages of a block that did not come. @throws MigrationStreamError code `limit-exceeded` for a block too large to count
 */
function absentPages(index: PageIndex, block: number, pages: number): number {
  const { distinct } = index.counts(block);
  if (distinct === undefined)
    throw new MigrationStreamError({
      code: 'limit-exceeded',
      message: `a block of ${pages} pages is larger than can be kept count of`,
    });
  return pages - distinct;
}

function touches(runs: PageRuns, targets: ReadonlyMap<number, unknown>): boolean {
  for (let i = 0; i < runs.count; i += 1) if (targets.has(runs.block[i]!)) return true;
  return false;
}

async function store(
  runs: PageRuns,
  i: number,
  memory: MemoryTarget,
  decoder: PageDecoder,
  gather: Uint8Array,
): Promise<void> {
  const { pageSize } = runs;
  const addr = runs.addr[i]!;
  const pages = runs.pages[i]!;
  if (runs.kind[i] === pageKind.zero && runs.fill[i] === 0) return memory.zero(addr, pages * pageSize);
  const atOnce = Math.floor(gather.length / pageSize);
  for (let from = 0; from < pages; from += atOnce) {
    const count = Math.min(atOnce, pages - from);
    for (let k = 0; k < count; k += 1) {
      if (runs.kind[i] === pageKind.page) {
        const body = runs.bodyAt(i, from + k);
        gather.set(runs.bytes.subarray(body, body + pageSize), k * pageSize);
      } else await decoder.decode(runs, i, from + k, gather.subarray(k * pageSize, (k + 1) * pageSize));
    }
    await memory.write(gather.subarray(0, count * pageSize), addr + from * pageSize);
  }
}

/** A PART behind the START that lists the blocks, where QEMU itself puts the first pages. */
export function inlineEdits(plan: Plan): Transform | undefined {
  const edits = editsOf(plan, 'inline');
  if (edits.length === 0) return undefined;
  return async function* inline(events) {
    let list: ListEvent | undefined;
    const inlined = new Set<string>();
    let done = false;
    for await (const event of events) {
      yield event;
      if (event.kind === 'ram-blocks') {
        list = event;
        if (event.layout.mapped)
          throw new Refused('refused', 'inline of a mapped-ram file: a page record may not stand in it');
      }
      if (event.kind === 'pages') {
        // The first record behind ours may go on with a block that it does not name.
        if (!done)
          throw new Refused(
            'refused',
            'page records stand in the START of "ram", where no QEMU puts any: nothing can be inlined before them',
          );
        checkNoPages(plan, event.runs, inlined);
      }
      if (event.kind !== 'section-close' || list === undefined || done) continue;
      done = true;
      const at = span(event.span.end, event.span.end);
      yield* ramPart(event, list.targetPageSize, at, inlinedPages(plan, edits, list, at, inlined));
    }
  };
}

/** Adds to `inlined` each block whose pages come. */
async function* inlinedPages(
  plan: Plan,
  edits: readonly Inline[],
  list: ListEvent,
  at: Span,
  inlined: Set<string>,
): AsyncGenerator<StreamEvent> {
  for (const edit of edits) {
    const block = list.blocks.findIndex((entry) => entry.idstr === edit.block);
    if (block < 0) continue;
    plan.matched(edit);
    inlined.add(edit.block);
    plan.note({
      edit: 'inline',
      span: at,
      what: `pages of ${quote(edit.block)}`,
      before: 'not in the stream',
      after: edit.memory.label,
      why: 'the stream then needs no memory file',
    });
    yield* pagesOf(edit, list, block, at);
  }
}

async function* pagesOf(edit: Inline, list: ListEvent, block: number, at: Span): AsyncGenerator<StreamEvent> {
  const { usedLength, idstr } = list.blocks[block]!;
  const { memory } = edit;
  if (memory.size !== usedLength) {
    throw new Refused(
      'refused',
      `${memory.label} has ${hex(memory.size)} bytes, block ${quote(idstr)} has ${hex(usedLength)}`,
    );
  }
  const runs = new PageRuns(list.targetPageSize);
  runs.blocks = list.blocks;
  const chunk = new Uint8Array(GATHER);
  for (let from = 0; from < usedLength;) {
    const part = chunk.subarray(0, Math.min(chunk.length, usedLength - from));
    for (let done = 0; done < part.length;) {
      const got = await memory.read(part.subarray(done), from + done);
      if (got === 0) throw new Refused('refused', `${memory.label} shrank while it was read`);
      done += got;
    }
    fillRuns(runs, part, block, from);
    yield { kind: 'pages', runs, span: at };
    from += part.length;
  }
}

/** Runs over a chunk of memory: zero pages together, each other page by itself (no header stands between them). */
function fillRuns(runs: PageRuns, chunk: Uint8Array, block: number, from: number): void {
  const { pageSize } = runs;
  runs.count = 0;
  runs.bytes = chunk;
  for (let at = 0; at < chunk.length; at += pageSize) {
    const zero = allZero(chunk.subarray(at, at + pageSize));
    const last = runs.count - 1;
    const first = from === 0 && at === 0;
    if (zero && last >= 0 && runs.kind[last] === pageKind.zero && runs.named[last] === 0) {
      runs.pages[last]! += 1;
      continue;
    }
    const i = runs.count;
    runs.count += 1;
    runs.block[i] = block;
    runs.kind[i] = zero ? pageKind.zero : pageKind.page;
    runs.named[i] = first ? 1 : 0;
    runs.fill[i] = 0;
    runs.addr[i] = from + at;
    runs.pages[i] = 1;
    runs.body[i] = at;
    runs.length[i] = zero ? 1 : pageSize;
  }
}

function checkNoPages(plan: Plan, runs: PageRuns, inlined: ReadonlySet<string>): void {
  for (let i = 0; i < runs.count; i += 1) {
    const { idstr } = runs.blocks[runs.block[i]!]!;
    if (inlined.has(idstr)) {
      refuse(plan, `${quote(idstr)} has pages in the stream already`, { code: 'only-left-out' });
      return;
    }
  }
}
