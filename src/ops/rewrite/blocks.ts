// Edits of the block list and of the page records that name its blocks: layout, ignored byte, address, name, length,
// removal. QEMU: parse_ramblock() and ram_load_precopy(), migration/ram.c, say what a destination then checks.

import { Refused } from '../../base/refused.js';
import { quote } from '../../base/quote.js';
import { span, type Span } from '../../base/span.js';
import { hex } from '../../bytes/window.js';
import type { RamEvent } from '../../ram/event.js';
import { keepRuns } from '../../ram/keep-runs.js';
import type { StreamEvent } from '../../stream/event.js';
import { layouts, type BlockLayout } from '../../wire/dialect.js';
import { ramBlockEntry, type RamBlockEntry } from '../../wire/ram-block.js';
import { withCapabilities } from './configuration.js';
import type { Edit } from './edit.js';
import { editsOf, mapEvents, refuse, type Plan, type Transform } from './transform.js';

const kinds = ['to-dialect', 'ignored', 'set-address', 'rename-block', 'drop-block', 'resize-block'] as const;
type ListEvent = Extract<RamEvent, { kind: 'ram-blocks' }>;
type PagesEvent = Extract<RamEvent, { kind: 'pages' }>;

const target: Readonly<Record<string, BlockLayout>> = {
  '4.0': layouts['ignore-shared-4.0'],
  '4.1': layouts['ignore-shared-4.1'],
  plain: layouts.plain,
};

/** The edits of blocks, and what externalize and inline imply for list and capabilities. */
export function blockEdits(plan: Plan): Transform | undefined {
  if (editsOf(plan, ...kinds, 'externalize', 'inline').length === 0) return undefined;
  const edits = new BlockEdits(plan);
  return mapEvents((event) => {
    switch (event.kind) {
      case 'configuration':
        return edits.configuration(event);
      case 'ram-blocks':
        return edits.list(event);
      case 'pages':
        return edits.pages(event);
      case 'ram-mark':
        edits.mark(event);
        return event;
      default:
        return event;
    }
  });
}

class BlockEdits {
  private readonly plan: Plan;
  private readonly dialect: '4.0' | '4.1' | 'plain' | undefined;
  private readonly asked: Edit | undefined;
  private blocks: readonly RamBlockEntry[] = [];
  private readonly dropped = new Set<string>();
  /** As the output lists them. */
  private readonly names = new Set<string>();
  private readonly lengths: ReadonlyMap<string, number>;
  /** By index in the input's list; undefined while nothing is renamed. */
  private renamed: RamBlockEntry[] | undefined;
  /** Where in the input the entry of a block stands, by name. */
  private places: ReadonlyMap<string, Span> = new Map();

  constructor(plan: Plan) {
    this.plan = plan;
    const [asked] = editsOf(plan, 'to-dialect');
    this.asked = asked;
    this.dialect = asked?.dialect ?? impliedDialect(plan);
    this.lengths = new Map(editsOf(plan, 'resize-block').map((edit) => [edit.block, edit.length]));
  }

  configuration(event: Extract<StreamEvent, { kind: 'configuration' }>): StreamEvent {
    if (this.dialect === undefined) return event;
    const before = event.configuration.subsections.find((part) => part.kind === 'capabilities')?.names ?? [];
    const has = before.includes('x-ignore-shared');
    const wants = this.dialect !== 'plain';
    if (has === wants) return event;
    const after = wants ? ['x-ignore-shared', ...before] : before.filter((name) => name !== 'x-ignore-shared');
    this.note(
      this.asked,
      event.span,
      'capabilities',
      before.join(', ') || 'none',
      after.join(', ') || 'none',
      'a destination refuses a list that is not what it has on itself',
    );
    return { ...event, configuration: withCapabilities(event.configuration, after) };
  }

  list(event: ListEvent): StreamEvent {
    if (event.layout.mapped) refuseMapped(this.plan);
    const layout = this.layoutFor(event);
    this.blocks = event.continues ? [...this.blocks, ...event.blocks] : event.blocks;
    if (!event.continues) this.names.clear();
    this.places = entrySpans(event);
    const kept: RamBlockEntry[] = [];
    let changed = layout !== event.layout;
    for (const block of event.blocks) {
      const drop = editsOf(this.plan, 'drop-block').find((edit) => edit.block === block.idstr);
      if (drop !== undefined) {
        this.plan.matched(drop);
        this.dropped.add(block.idstr);
        this.note(
          drop,
          this.placeOf(event, block),
          `block ${quote(block.idstr)}`,
          hex(block.usedLength),
          'not listed',
          'a destination keeps its own content for a block that is not listed',
        );
        changed = true;
        continue;
      }
      const after = this.relaid(event, this.edited(event, block, layout), layout);
      if (after !== block) changed = true;
      kept.push(after);
    }
    if (this.rename(event, kept)) changed = true;
    for (const { idstr } of kept) {
      if (this.names.has(idstr)) refuse(this.plan, `there would be two blocks ${quote(idstr)}`);
      this.names.add(idstr);
    }
    if (this.asked !== undefined) this.plan.matched(this.asked);
    if (!changed) return event;
    const lengthOf = (blocks: readonly RamBlockEntry[]): number =>
      blocks.reduce((sum, block) => sum + block.usedLength, 0);
    // A mapped-ram list comes in stretches: the total is that of all.
    return { ...event, layout, blocks: kept, total: event.total - lengthOf(event.blocks) + lengthOf(kept) };
  }

  pages(event: PagesEvent): StreamEvent | undefined {
    this.checkLengths(event);
    const kept = keepRuns(event, (block) => !this.dropped.has(this.blocks[block]!.idstr));
    if (kept === undefined) return undefined;
    const { runs } = kept;
    if (this.renamed !== undefined) {
      const renamed = this.renamed;
      for (let i = 0; i < runs.count; i += 1) {
        if (runs.named[i] === 0 || renamed[runs.block[i]!] === this.blocks[runs.block[i]!]) continue;
        runs.blocks = renamed;
        return { ...kept };
      }
    }
    return kept;
  }

  mark(event: Extract<RamEvent, { kind: 'ram-mark' }>): void {
    if (event.mark !== 'multifd-flush' || editsOf(this.plan, 'rename-block').length === 0) return;
    refuse(this.plan, 'this stream has multifd channels beside it, and their packets name blocks too');
  }

  private layoutFor(event: ListEvent): BlockLayout {
    if (this.dialect === undefined) return event.layout;
    // An implied 4.1 is only about having addresses; 4.0 has them.
    if (this.asked === undefined && this.dialect === '4.1' && event.layout.gpa) return event.layout;
    const layout = target[this.dialect]!;
    if (event.layout.mapped || event.layout.postcopyPageSize) {
      throw new Refused('refused', `a block list in layout ${event.layout.name} cannot become ${layout.name}`);
    }
    if (layout !== event.layout) {
      this.note(this.asked, event.span, 'block list layout', event.layout.name, layout.name, layout.producers);
    }
    return layout;
  }

  /** Address, ignored byte and length that were asked for. */
  private edited(event: ListEvent, block: RamBlockEntry, layout: BlockLayout): RamBlockEntry {
    let after = block;
    for (const edit of editsOf(this.plan, 'set-address', 'resize-block')) {
      if (edit.block !== block.idstr) continue;
      this.plan.matched(edit);
      if (edit.edit === 'set-address') {
        if (!layout.gpa)
          throw new Refused('refused', `layout ${layout.name} lists no addresses`, { code: 'addresses-by-dialect' });
        if (edit.address === block.gpa) continue;
        this.note(
          edit,
          this.placeOf(event, block),
          `address of ${quote(block.idstr)}`,
          block.gpa === undefined ? 'none' : hex(block.gpa),
          hex(edit.address),
          'compared where the destination maps the block shared',
        );
        after = { ...after, gpa: edit.address };
      } else if (edit.length !== block.usedLength) {
        // The list's total shares its word with flags: nothing else can be written.
        if (edit.length % event.targetPageSize !== 0)
          throw new Refused(
            'refused',
            `${edit.length} bytes are no whole number of target pages of ${event.targetPageSize}`,
          );
        if (edit.length === 0) refuse(this.plan, 'a list cannot end with an empty block');
        this.note(
          edit,
          this.placeOf(event, block),
          `length of ${quote(block.idstr)}`,
          hex(block.usedLength),
          hex(edit.length),
          'must equal the destination’s, unless that block is resizable (ACPI tables, ROM blobs)',
        );
        after = { ...after, usedLength: edit.length };
      }
    }
    return after;
  }

  /** The entry as `layout` needs it. */
  private relaid(event: ListEvent, block: RamBlockEntry, layout: BlockLayout): RamBlockEntry {
    const wish = editsOf(this.plan, 'ignored').find((edit) => edit.block === block.idstr);
    if (wish !== undefined) this.plan.matched(wish);
    if (wish !== undefined && !layout.ignoredByte) {
      throw new Refused('refused', `layout ${layout.name} has no ignored byte; only QEMU 4.0's has`, {
        code: 'ignored-by-dialect',
      });
    }
    const { gpa, ignored, ...rest } = block;
    const after: RamBlockEntry = {
      ...rest,
      ...(layout.gpa ? { gpa: gpa ?? 0n } : {}),
      ...(layout.ignoredByte
        ? {
            ignored:
              wish === undefined
                ? (this.ignoredByEdit(block) ?? ignored ?? this.ignoredByEvidence(block))
                : Number(wish.ignored),
          }
        : {}),
    };
    if (wish !== undefined) this.checkIgnored(block, wish.ignored);
    if (ignored !== after.ignored && (wish !== undefined || ignored !== undefined) && after.ignored !== undefined) {
      this.note(
        wish,
        this.placeOf(event, block),
        `ignored byte of ${quote(block.idstr)}`,
        String(ignored ?? 'none'),
        String(after.ignored),
        '4.0 demands that it equals "mapped shared" at the destination: share=on 1, share=off 0',
      );
    }
    return after.gpa === gpa && after.ignored === ignored ? block : after;
  }

  /** Its pages leave or come: then the byte says so. */
  private ignoredByEdit(block: RamBlockEntry): 0 | 1 | undefined {
    const edit = editsOf(this.plan, 'externalize', 'inline').find((candidate) => candidate.block === block.idstr);
    return edit === undefined ? undefined : edit.edit === 'externalize' ? 1 : 0;
  }

  private ignoredByEvidence(block: RamBlockEntry): number {
    const row = this.plan.evidence?.blocks.find(({ idstr }) => idstr === block.idstr);
    if (row?.ignored === undefined && row?.ignoredHow !== 'no-pages') {
      const why = this.plan.evidence === undefined ? 'a pipe cannot be read twice' : 'the stream is not whole';
      throw new Refused('refused', `nothing tells whether ${quote(block.idstr)} was ignored: ${why}`, {
        code: 'say-ignored',
        block: block.idstr,
      });
    }
    return Number(row.ignored ?? true);
  }

  private checkIgnored(block: RamBlockEntry, ignored: boolean): void {
    const row = this.plan.evidence?.blocks.find(({ idstr }) => idstr === block.idstr);
    const sent = row === undefined ? 0 : row.sent.zero + row.sent.page + row.sent.xbzrle + row.sent.compressed;
    if (ignored && (this.ignoredByEdit(block) ?? (sent === 0 ? 1 : 0)) === 0) {
      refuse(
        this.plan,
        `${quote(block.idstr)} has pages in the stream: QEMU 4.0 with share=on says "should not be migrated", with share=off "should  be migrated"`,
      );
    }
  }

  private checkLengths(event: PagesEvent): void {
    if (this.lengths.size === 0) return;
    const { runs } = event;
    for (let i = 0; i < runs.count; i += 1) {
      const block = this.blocks[runs.block[i]!]!;
      const length = this.lengths.get(block.idstr);
      const last = runs.addr[i]! + (runs.pages[i]! - 1) * runs.pageSize;
      if (length !== undefined && last >= length) {
        refuse(
          this.plan,
          `page ${hex(last)} of ${quote(block.idstr)} would lie beyond its new length ${hex(length)}: QEMU says "Illegal RAM offset"`,
        );
      }
    }
  }

  private rename(event: ListEvent, kept: RamBlockEntry[]): boolean {
    const renames = editsOf(this.plan, 'rename-block');
    const newName = (block: RamBlockEntry): string | undefined =>
      renames.find((edit) => edit.block === block.idstr)?.to;
    let changed = false;
    for (const [at, block] of kept.entries()) {
      const edit = renames.find((rename) => rename.block === block.idstr);
      if (edit === undefined) continue;
      this.plan.matched(edit);
      this.note(
        edit,
        this.placeOf(event, block),
        'block',
        quote(edit.block),
        quote(edit.to),
        'a destination looks blocks up by name; page records name them too',
      );
      kept[at] = { ...block, idstr: edit.to };
      changed = true;
    }
    if (renames.length > 0)
      this.renamed = this.blocks.map((block) =>
        newName(block) === undefined ? block : { ...block, idstr: newName(block)! },
      );
    return changed;
  }

  private placeOf(event: ListEvent, block: RamBlockEntry): Span {
    return this.places.get(block.idstr) ?? event.span;
  }

  private note(edit: Edit | undefined, span: Span, what: string, before: string, after: string, why: string): void {
    this.plan.note({ edit: edit?.edit ?? 'agreement', span, what, before, after, why });
  }
}

function entrySpans(event: ListEvent): Map<string, Span> {
  const codec = ramBlockEntry(event.layout, event.targetPageSize);
  let at = event.span.start + (event.continues ? 0 : 8);
  return new Map(event.blocks.map((block) => [block.idstr, span(at, (at += codec.size(block)))]));
}

/** Pages stand at absolute offsets behind their block's header, and no page record may stand in for them. */
function refuseMapped(plan: Plan): void {
  const [edit] = editsOf(plan, 'to-dialect', 'drop-block', 'resize-block', 'externalize', 'inline', 'ignored');
  if (edit !== undefined)
    throw new Refused('refused', `${edit.edit} of a mapped-ram file: its pages stand at absolute offsets`);
}

/** Pages that leave for a file make a template; once nothing is left out any more, the stream is a plain save again. */
function impliedDialect(plan: Plan): '4.1' | 'plain' | undefined {
  if (editsOf(plan, 'externalize').length > 0) return '4.1';
  const inlined = editsOf(plan, 'inline').map((edit) => edit.block);
  if (inlined.length === 0) return undefined;
  // A pipe cannot be read ahead: without evidence, the inlined blocks count as all blocks that were left out.
  const stillOut = plan.evidence?.blocks.some(({ ignored, idstr }) => ignored === true && !inlined.includes(idstr));
  return stillOut === true ? undefined : 'plain';
}
