// The RAM part: the source's pages under the destination's section, its blocks in the destination's dialect. Blocks are
// told by name; only those of the firmware may change their length, and in a mapped-ram file none. QEMU:
// parse_ramblock(), migration/ram.c, takes them in any order.

import { Refused } from '../../../base/refused.js';
import { quote } from '../../../base/quote.js';
import { keepRuns } from '../../../ram/keep-runs.js';
import { PageIndex } from '../../../ram/page-index.js';
import { pageKind } from '../../../ram/page-runs.js';
import type { StreamEvent } from '../../../stream/event.js';
import { layouts, type BlockLayout } from '../../../wire/dialect.js';
import type { RamBlockEntry } from '../../../wire/ram-block.js';
import { rangeHasFact } from '../../../release/fact.js';
import { layoutReaders } from '../../../release/records.js';
import { deviceOf, pluggedHoles, type PluggedMemory } from '../../devices/virtio-mem.js';
import { cures } from '../merge/cures.js';
import type { Donor } from '../donor.js';
import type { Releases } from '../merge/knowledge.js';
import type { Ledger } from '../merge/ledger.js';

type ListEvent = Extract<StreamEvent, { kind: 'ram-blocks' }>;
type PagesEvent = Extract<StreamEvent, { kind: 'pages' }>;

/** QEMU: rom_set_mr(), hw/core/loader.c; these are resizable, and their content came from the source's firmware. */
const RESIZABLE = '/rom@';

export class Memory {
  private readonly donor: Donor;
  private readonly ledger: Ledger;
  /** Which blocks were left out, when the destination's list must say so; from a first pass. */
  private readonly ignored: ReadonlyMap<string, boolean> | undefined;
  private readonly dropped = new Set<number>();
  /** x-ignore-shared: whole blocks may be left out. */
  private shared = false;
  private mapped = false;
  private readonly index = new PageIndex();
  private listed: readonly RamBlockEntry[] = [];

  constructor(donor: Donor, ledger: Ledger, ignored: ReadonlyMap<string, boolean> | undefined) {
    this.donor = donor;
    this.ledger = ledger;
    this.ignored = ignored;
  }

  /** `destination`: its releases. @throws Refused */
  list(event: ListEvent, destination: Releases): ListEvent {
    if (this.listed.length > 0 && !event.continues)
      throw new Refused('refused', 'a second block list: memory was plugged in while this was saved');
    this.listed = [...this.listed, ...event.blocks];
    this.shared = event.layout.gpa;
    if (event.targetPageSize !== this.donor.targetPageSize)
      throw new Refused(
        'refused',
        `target pages of ${event.targetPageSize} bytes at the source, ${this.donor.targetPageSize} at the destination`,
      );
    if (event.layout.mapped) return this.mappedList(event, destination);
    const layout = this.layoutFor(event.layout);
    const blocks = event.blocks.filter((block, index) => {
      if (this.fits(event, block)) return true;
      this.dropped.add(index);
      return false;
    });
    this.noteMissing();
    const total = blocks.reduce((sum, block) => sum + block.usedLength, 0);
    return { ...event, layout, total, blocks: blocks.map((block) => this.entry(block, layout)) };
  }

  /**
   * One stretch of a mapped-ram list: pages stay where they are in the file, so no block may come, go or change its
   * length. The loader neither checks nor changes lengths. QEMU: parse_ramblock_mapped_ram(), migration/ram.c.
   */
  private mappedList(event: ListEvent, destination: Releases): ListEvent {
    this.mapped = true;
    if (!event.continues) {
      const fact = layoutReaders[event.layout.name];
      const why = `a mapped-ram file${event.layout.gpa ? ' with x-ignore-shared' : ''}, which QEMU reads since ${fact.since}`;
      const common = { path: 'mapped-ram', offset: event.span.start, why, cure: cures.notMapped };
      const reads = rangeHasFact(destination, fact);
      if (reads === false) this.ledger.note({ ...common, kind: 'conflict', grade: 'impossible' });
      else if (reads === undefined) this.ledger.note({ ...common, kind: 'unchecked', grade: 'assumed' });
    }
    for (const block of event.blocks) {
      const donorBlock = this.donor.blocks.find(({ idstr }) => idstr === block.idstr);
      if (donorBlock?.usedLength === block.usedLength) continue;
      this.ledger.note({
        kind: 'conflict',
        grade: 'impossible',
        path: `RAM block ${quote(block.idstr)}`,
        offset: event.span.start,
        before: `${block.usedLength} bytes`,
        after: donorBlock === undefined ? undefined : `${donorBlock.usedLength} bytes`,
        why: `${donorBlock === undefined ? 'the destination has no such block' : 'another length at the destination'}, and in a mapped-ram file pages stay where they are`,
        cure: cures.notMapped,
      });
    }
    return { ...event, blocks: event.blocks.map((block) => ({ ...block, ...this.entry(block, event.layout) })) };
  }

  /** Blocks that only the destination has. */
  private noteMissing(): void {
    for (const { idstr, usedLength } of this.donor.blocks) {
      if (this.listed.some((block) => block.idstr === idstr)) continue;
      this.ledger.note({
        kind: 'left-out',
        grade: 'assumed',
        path: `RAM block ${quote(idstr)}`,
        after: `${usedLength} bytes`,
        why: 'the source has no such block: the destination keeps its own content',
      });
    }
  }

  /** The event without the runs of blocks that were dropped, as `keepRuns` answers it. */
  pages(event: PagesEvent): PagesEvent | undefined {
    const { runs } = event;
    this.index.add(runs);
    if (runs.kind.subarray(0, runs.count).includes(pageKind.compressed))
      throw new Refused('refused', 'COMPRESS_PAGE records, which QEMU 9.1 and later do not read', {
        code: 'save-without-compress',
      });
    return keepRuns(event, (block) => !this.dropped.has(block));
  }

  /**
   * At the end of RAM: has every page come? Those of multifd channels, of postcopy and of the 2.11 fork are elsewhere;
   * memory of virtio-mem that is not plugged in is sent by no QEMU.
   * @throws Refused
   */
  complete(plugged: readonly PluggedMemory[]): void {
    // What is not in the area of a block is zero.
    if (this.mapped) return this.noteMissing();
    const { targetPageSize } = this.donor;
    this.listed.forEach(({ idstr, usedLength }, block) => {
      const { distinct, zero, page, xbzrle } = this.index.counts(block);
      if (distinct === undefined || (this.shared && zero + page + xbzrle === 0)) return;
      const pages = Math.ceil(usedLength / targetPageSize);
      const device = deviceOf(plugged, { idstr, usedLength });
      const holes = device && pluggedHoles(device, this.index, block, pages, targetPageSize);
      const absent = holes?.reduce((sum, { count }) => sum + count, 0) ?? pages - distinct;
      if (absent > 0)
        throw new Refused('refused', `${absent} pages of ${quote(idstr)} are not in this stream`, {
          code: 'pages-elsewhere',
        });
    });
  }

  /** Addresses where the source left pages out; the ignored byte where the destination reads one. */
  private layoutFor(source: BlockLayout): BlockLayout {
    if (!source.gpa) return layouts.plain;
    return this.donor.layout.ignoredByte ? layouts['ignore-shared-4.0'] : layouts['ignore-shared-4.1'];
  }

  private entry(block: RamBlockEntry, layout: BlockLayout): RamBlockEntry {
    const donorBlock = this.donor.blocks.find(({ idstr }) => idstr === block.idstr);
    return {
      idstr: block.idstr,
      usedLength: block.usedLength,
      ...(layout.gpa ? { gpa: donorBlock?.gpa ?? block.gpa ?? 0n } : {}),
      ...(layout.ignoredByte ? { ignored: block.ignored ?? Number(this.ignored?.get(block.idstr) ?? false) } : {}),
    };
  }

  /** False: dropped. What does not fit is written down. */
  private fits(event: ListEvent, block: RamBlockEntry): boolean {
    const donorBlock = this.donor.blocks.find(({ idstr }) => idstr === block.idstr);
    const path = `RAM block ${quote(block.idstr)}`;
    const before = `${block.usedLength} bytes`;
    const offset = event.span.start;
    if (donorBlock === undefined) {
      const resizable = block.idstr.startsWith(RESIZABLE);
      const twin = this.donor.blocks.find(
        ({ idstr, usedLength }) =>
          usedLength === block.usedLength && !event.blocks.some((entry) => entry.idstr === idstr),
      );
      this.ledger.note({
        kind: resizable ? 'dropped' : 'conflict',
        grade: resizable ? 'lossy' : 'impossible',
        path,
        offset,
        before,
        why: 'the destination has no such block',
        cure: resizable
          ? undefined
          : twin === undefined
            ? this.cure(event, block)
            : { code: 'same-memory', block: block.idstr, name: twin.idstr },
      });
      return !resizable;
    }
    if (donorBlock.usedLength === block.usedLength || block.idstr.startsWith(RESIZABLE)) return true;
    this.ledger.note({
      kind: 'conflict',
      grade: 'impossible',
      path,
      offset,
      before,
      after: `${donorBlock.usedLength} bytes`,
      why: 'another length at the destination',
      cure: this.cure(event, block),
    });
    return true;
  }

  /** Of a device, of the guest's memory, or of the firmware. */
  private cure(event: ListEvent, block: RamBlockEntry): string {
    if (block.idstr.includes('/')) return cures.equal;
    return event.blocks.every(({ usedLength }) => usedLength <= block.usedLength)
      ? cures.memory(block.usedLength)
      : cures.firmware;
  }
}
