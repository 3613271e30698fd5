// Compaction: of a live save, which sends pages again and again, only the newest version of each page, in block order.
// The first pass has noted where they stand; the second writes them in one PART and drops every other page record.

import { Refused } from '../../base/refused.js';
import { quote } from '../../base/quote.js';
import { span, type Span } from '../../base/span.js';
import { GuestMemory } from '../../ram/guest-memory.js';
import type { StreamEvent } from '../../stream/event.js';
import { migCommand } from '../../wire/command.js';
import { ramPart } from './ram-part.js';
import { editsOf, refuse, type CompactInput, type Plan, type Transform } from './transform.js';

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
      { code: 'free-pages' },
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
        if (held) throw new Refused('refused', 'the block list stands in a PART of "ram", where no QEMU puts it');
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
      const at = span(event.span.end, event.span.end);
      for await (const part of ramPart(event, list.targetPageSize, at, newestPages(plan, input, list, at))) {
        if (part.kind === 'pages') after += part.runs.records;
        yield part;
      }
    }
    plan.matched(edit);
    plan.note({
      edit: 'compact',
      span: list?.span ?? span(0, 0),
      what: 'page records',
      before: String(before),
      after: String(after),
      why: 'only the newest version of each page counts',
    });
  };
}

async function* newestPages(
  { inflate }: Plan,
  input: CompactInput,
  { blocks, targetPageSize: pageSize }: ListEvent,
  at: Span,
): AsyncGenerator<StreamEvent> {
  const memory = new GuestMemory({ ...input, blocks, pageSize, inflate });
  for (const block of blocks.keys())
    for await (const runs of memory.pages(block, true)) yield { kind: 'pages', runs, span: at };
}

/**
 * What shows that pages cannot be moved to the front: other channels that are in step with the PARTs, or commands
 * between them.
 */
function check(event: StreamEvent, list: ListEvent | undefined): void {
  const no = (why: string): Refused => new Refused('refused', `this stream cannot be compacted: ${why}`);
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
