// The reader of a save: the head, block list, sections with their payloads, commands and vmdescription of a stream. A
// donor, a profile and a destination taken from a stream are read here. Pages are not kept.

import { MigrationStreamError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';
import { MAX_DEVICE_BYTES } from '../limits.js';
import { FullSections, type FullSection } from '../open/full-sections.js';
import { openStream, type OpenOptions } from '../open/open-stream.js';
import { ProducerClues } from '../open/producer.js';
import type { QemuVersion } from '../release/version.js';
import type { StreamEvent } from '../stream/event.js';
import type { Configuration } from '../wire/configuration.js';
import type { BlockLayout } from '../wire/dialect.js';
import type { RamBlockEntry } from '../wire/ram-block.js';
import type { SectionHeader } from '../wire/section.js';

export interface SavedSection extends SectionHeader {
  /** Saved in several parts (START, PART, END), such as `ram`: no payload is kept. */
  readonly iterable: boolean;
  readonly payload: Uint8Array;
  /** Offset of the payload in the save; undefined: the save itself is not at hand. */
  readonly offset: number | undefined;
}

export interface SavedCommand {
  readonly command: number;
  readonly payload: Uint8Array;
}

/** What surrounds the sections. */
export interface SaveFrame {
  readonly configuration: Configuration | undefined;
  readonly layout: BlockLayout;
  /** Before the END of RAM, and behind it. */
  readonly commands: { readonly early: readonly SavedCommand[]; readonly late: readonly SavedCommand[] };
}

export interface Save {
  /** Undefined: there is no block list, or a profile of an older mstream does not tell. */
  readonly frame: SaveFrame | undefined;
  readonly footers: boolean;
  /** Bytes; undefined: nothing says. */
  readonly targetPageSize: number | undefined;
  /** The block list, and whether pages of the block came. */
  readonly blocks: readonly { readonly entry: RamBlockEntry; readonly sent: boolean }[];
  /** Each section once, in the order of the first header of each. */
  readonly sections: readonly SavedSection[];
  /** As it stands. */
  readonly vmdescription: Uint8Array | undefined;
  /** Releases between which its QEMU lies. */
  readonly producer: { readonly since: QemuVersion | undefined; readonly until: QemuVersion | undefined };
  /** Why this is no plain save of one moment; undefined: it is one. */
  readonly special: 'mapped-ram' | 'plugged' | 'postcopy' | undefined;
}

type PlacedSection = SavedSection & { readonly offset: number };

/** Gathers a save from the events of a stream, opened with `bodies: 'all'` or `'devices'`. */
export class SaveCollector {
  private readonly clues = new ProducerClues();
  private readonly commands: { readonly early: SavedCommand[]; readonly late: SavedCommand[] } = {
    early: [],
    late: [],
  };
  private readonly blocks: RamBlockEntry[] = [];
  private readonly sent = new Set<number>();
  private readonly iterable: PlacedSection[] = [];
  private readonly full = new FullSections({ limit: MAX_DEVICE_BYTES, beyond: tooMuch });
  private configuration: Configuration | undefined;
  private layout: BlockLayout | undefined;
  private pageSize: number | undefined;
  private footers = false;
  private ramEnded = false;
  private json: Uint8Array | undefined;
  private special: Save['special'];

  /** @throws MigrationStreamError code `limit-exceeded`: more device state than is held */
  observe(event: StreamEvent): void {
    this.clues.observe(event);
    this.full.observe(event);
    switch (event.kind) {
      case 'configuration':
        this.configuration = event.configuration;
        break;
      case 'ram-blocks':
        if (event.layout.mapped) this.special ??= 'mapped-ram';
        else if (this.layout !== undefined) this.special ??= 'plugged';
        this.layout ??= event.layout;
        this.pageSize ??= event.targetPageSize;
        this.blocks.push(...event.blocks);
        break;
      case 'pages':
        for (let i = 0, last = -1; i < event.runs.count; i += 1) {
          const block = event.runs.block[i]!;
          if (block !== last) this.sent.add((last = block));
        }
        break;
      case 'section-open':
        this.open(event);
        break;
      case 'section-close':
        this.footers ||= event.footer;
        break;
      case 'command':
        this.commands[this.ramEnded ? 'late' : 'early'].push({
          command: event.command,
          payload: event.payload.slice(),
        });
        break;
      case 'package-open':
        this.special ??= 'postcopy';
        break;
      case 'vmdescription':
        this.json = event.json;
        break;
      default:
    }
  }

  private open({ type, section, span }: Extract<StreamEvent, { kind: 'section-open' }>): void {
    if (section.idstr === 'ram') this.ramEnded ||= type === 'end';
    if (type === 'start')
      this.iterable.push({ ...section, iterable: true, payload: new Uint8Array(0), offset: span.end });
  }

  /** What came so far. */
  get save(): Save {
    const { configuration, layout, commands, footers, special } = this;
    const { since, until } = this.clues.producer;
    return {
      frame: layout === undefined ? undefined : { configuration, layout, commands },
      footers,
      targetPageSize: this.pageSize,
      blocks: this.blocks.map((entry, i) => ({ entry, sent: this.sent.has(i) })),
      sections: [...this.iterable, ...this.full.all.map(savedSection)].sort((a, b) => a.offset - b.offset),
      vmdescription: this.json,
      producer: { since, until },
      special,
    };
  }
}

function tooMuch(): MigrationStreamError {
  return new MigrationStreamError({
    code: 'limit-exceeded',
    message: `more than ${MAX_DEVICE_BYTES} bytes of device state`,
  });
}

function savedSection({ section, payload, bytes }: FullSection): PlacedSection {
  return { ...section, iterable: false, payload: bytes ?? new Uint8Array(0), offset: payload.start };
}

/**
 * Reads a save whole. Closing `source` is the caller's. @throws MigrationStreamError as openStream and its events do
 */
export async function readSave(source: ByteSource, options: OpenOptions = {}): Promise<Save> {
  const collector = new SaveCollector();
  const stream = await openStream(source, { ...options, bodies: 'devices' });
  for await (const event of stream.events()) collector.observe(event);
  return collector.save;
}
