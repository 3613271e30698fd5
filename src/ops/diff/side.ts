// One side of a comparison: a stream that is read once, from its first event to its last. Pages are handed out in the
// stream's order; everything else is gathered on the way.

import { FNV_START, fnv } from '../../base/bytes.js';
import { MigrationStreamError } from '../../base/errors.js';
import { MAX_DEVICE_BYTES } from '../../limits.js';
import { FullSections } from '../../open/full-sections.js';
import type { MigrationStream } from '../../open/open-stream.js';
import { GuestMemory } from '../../ram/guest-memory.js';
import { LastVersions } from '../../ram/last-versions.js';
import type { Inflate } from '../../ram/page-decoder.js';
import type { PageRuns } from '../../ram/page-runs.js';
import type { StreamEvent } from '../../stream/event.js';
import type { Configuration } from '../../wire/configuration.js';
import type { BlockLayout } from '../../wire/dialect.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import { deviceKey, type SectionHeader } from '../../wire/section.js';
import { OwnLayouts, readSchema } from '../devices/own-layouts.js';
import { streamDevice, type Layouts, type StreamDevice } from '../devices/stream-device.js';
import type { PageTable } from './page-table.js';

export interface SideOptions {
  readonly layouts: Layouts | undefined;
  /** zlib, for the pages of the old `compress` capability. */
  readonly inflate: Inflate;
}

/** A section whose payload is compared by its length and a checksum: nobody here knows its records. */
export interface IteratedSection {
  readonly section: SectionHeader;
  bytes: number;
  sum: number;
}

export class Side {
  readonly stream: MigrationStream;
  readonly versions = new LastVersions();
  /** Sections that iterate, but for "ram", by name and instance. */
  readonly iterated = new Map<string, IteratedSection>();
  configuration: Configuration | undefined;
  layout: BlockLayout | undefined;
  blocks: RamBlockEntry[] = [];
  /** Slots of `blocks` in the table of pages. */
  slots: number[] = [];
  pageSize = 4096;
  footers = false;
  described = false;
  /** What ended the reading too early. */
  error: MigrationStreamError | undefined;
  private readonly full = new FullSections({ limit: MAX_DEVICE_BYTES });
  private readonly events: AsyncGenerator<StreamEvent>;
  private readonly table: PageTable;
  private readonly options: SideOptions;
  private description: OwnLayouts = new OwnLayouts('the stream has no vmdescription');

  constructor(stream: MigrationStream, table: PageTable, options: SideOptions) {
    this.stream = stream;
    this.events = stream.events();
    this.table = table;
    this.options = options;
  }

  /** The next pages, a loan until the next call; undefined at the end of the stream, or where it breaks. */
  async nextRuns(): Promise<PageRuns | undefined> {
    for (;;) {
      let next: IteratorResult<StreamEvent>;
      try {
        next = await this.events.next();
      } catch (error) {
        if (!(error instanceof MigrationStreamError)) throw error;
        this.error = error;
        return undefined;
      }
      if (next.done === true) return undefined;
      const event = next.value;
      if (event.kind === 'pages' || event.kind === 'mapped-pages') {
        this.versions.add(event.runs);
        return event.runs;
      }
      this.observe(event);
    }
  }

  /** Ends the reading, in whatever way the comparison ended. */
  async close(): Promise<void> {
    await this.events.return(undefined);
  }

  /** The devices, in stream order. */
  devices(): StreamDevice[] {
    return this.full.whole.map((found) =>
      streamDevice(found, this.description.next(found.section), this.options.layouts),
    );
  }

  /** @throws MigrationStreamError code `not-seekable` when the source cannot be read a second time */
  memory(): GuestMemory {
    const { versions, blocks, pageSize } = this;
    const { source } = this.stream;
    if (!source.seekable)
      throw new MigrationStreamError({
        code: 'not-seekable',
        message: `${source.label}: pages of the two states come in different orders, and a pipe or compressed data cannot be read twice`,
        hint: { code: 'spool' },
      });
    return new GuestMemory({ source, versions, blocks, pageSize, inflate: this.options.inflate });
  }

  private observe(event: StreamEvent): void {
    this.full.observe(event);
    switch (event.kind) {
      case 'configuration':
        this.configuration = event.configuration;
        return;
      case 'section-open':
        if (event.type === 'start' && event.section.idstr !== 'ram')
          this.iterated.set(deviceKey(event.section.idstr, event.section.instanceId), {
            section: event.section,
            bytes: 0,
            sum: FNV_START,
          });
        return;
      case 'payload': {
        const section = this.iterated.get(deviceKey(event.section.idstr, event.section.instanceId));
        if (section === undefined) return;
        section.bytes += event.bytes.length;
        section.sum = fnv(event.bytes, section.sum);
        return;
      }
      case 'section-close':
        this.footers ||= event.footer;
        return;
      case 'vmdescription':
        this.described = true;
        this.description = new OwnLayouts(readSchema(event.json));
        return;
      case 'ram-blocks':
        this.blocks = event.continues ? [...this.blocks, ...event.blocks] : [...event.blocks];
        this.slots = this.blocks.map(({ idstr }) => this.table.slot(idstr));
        this.layout = event.layout;
        this.pageSize = event.targetPageSize;
        return;
      default:
    }
  }
}
