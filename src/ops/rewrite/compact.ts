// Compaction: of a live save, which sends pages again and again, only the newest version of each page, in block order.
// The first pass has noted where they stand; the second writes them in one PART and drops every other page record.

import { Refused } from '../../base/refused.js';
import { inflate } from '../../bytes/node/inflate.js';
import { quote } from '../../base/quote.js';
import { GuestMemory } from '../../ram/guest-memory.js';
import type { StreamEvent } from '../../stream/event.js';
import { ramFlag } from '../../wire/ram-flags.js';
import { migCommand } from '../../wire/command.js';
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
      const at = { start: event.span.end, end: event.span.end };
      yield { kind: 'section-open', type: 'part', section: event.section, span: at };
      const { blocks, targetPageSize: pageSize } = list;
      const memory = new GuestMemory({ ...input, blocks, pageSize, inflate });
      for (const block of blocks.keys()) {
        for await (const runs of memory.pages(block, true)) {
          after += runs.records;
          yield { kind: 'pages', runs, span: at };
        }
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
