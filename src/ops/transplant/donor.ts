// The donor: a save that the destination made of itself, started with the same devices and never run. Its
// configuration, section order, ids, field lists and values are what the destination reads.

import type { ByteSource } from '../../bytes/source.js';
import type { StreamEvent } from '../../stream/event.js';
import type { BlockLayout } from '../../wire/dialect.js';
import type { Configuration } from '../../wire/configuration.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import type { SectionHeader } from '../../wire/section.js';
import { MigrationStreamError } from '../../base/errors.js';
import { openStream, type OpenOptions } from '../../open/open-stream.js';
import { ProducerClues } from '../../open/producer.js';
import { EditError } from '../rewrite/edit.js';
import { DevicePart, type DeviceSection } from './stream/device-part.js';
import type { Releases } from './merge/knowledge.js';

type CommandEvent = Extract<StreamEvent, { kind: 'command' }>;

export interface Donor {
  readonly configuration: Configuration | undefined;
  readonly ram: SectionHeader;
  /** Of its other sections of several parts. */
  readonly parts: readonly SectionHeader[];
  readonly footers: boolean;
  readonly layout: BlockLayout;
  readonly targetPageSize: number;
  readonly blocks: readonly RamBlockEntry[];
  /** Before the END of RAM, and behind it. */
  readonly commands: { readonly early: readonly CommandEvent[]; readonly late: readonly CommandEvent[] };
  /** In the order in which the destination saves them. */
  readonly sections: readonly DeviceSection[];
  readonly spacedColons: boolean;
  readonly describesConfiguration: boolean;
  readonly producer: Releases;
}

/** Reads a donor whole; its pages are stepped over. @throws EditError refused for a save that is none; as openStream */
export async function readDonor(source: ByteSource, options: OpenOptions = {}): Promise<Donor> {
  const stream = await openStream(source, { ...options, bodies: true });
  const part = new DevicePart('the donor');
  const clues = new ProducerClues();
  const early: CommandEvent[] = [];
  const late: CommandEvent[] = [];
  const parts: SectionHeader[] = [];
  let configuration: Configuration | undefined;
  let ram: SectionHeader | undefined;
  let list: Extract<StreamEvent, { kind: 'ram-blocks' }> | undefined;
  let footers = false;
  let ended = false;
  try {
    for await (const event of stream.events()) {
      clues.observe(event);
      if (event.kind === 'section-close') footers = event.footer;
      if (part.take(event)) continue;
      if (event.kind === 'configuration') configuration = event.configuration;
      else if (event.kind === 'section-open' && event.section.idstr === 'ram') {
        ram ??= event.section;
        ended ||= event.type === 'end';
      } else if (event.kind === 'section-open' && event.type === 'start') parts.push(event.section);
      else if (event.kind === 'ram-blocks') {
        if (list !== undefined || event.layout.mapped)
          throw new EditError(
            'refused',
            'a donor is a plain save: not mapped-ram, and no blocks plugged in while it was made',
          );
        list = event;
      } else if (event.kind === 'command') (ended ? late : early).push(event);
      else if (event.kind === 'package-open')
        throw new EditError('refused', 'a donor is a plain save, not one of postcopy');
    }
  } catch (error) {
    if (!(error instanceof MigrationStreamError)) throw error;
    throw new MigrationStreamError({
      code: error.code,
      message: `the donor: ${error.message}`,
      offset: error.offset,
      path: error.path,
      hint: error.hint,
      cause: error,
    });
  }
  if (ram === undefined || list === undefined) throw new EditError('refused', 'the donor has no RAM section');
  const text = Buffer.from(part.json ?? new Uint8Array(0)).toString('latin1', 0, 64);
  return {
    configuration,
    ram,
    parts,
    footers,
    layout: list.layout,
    targetPageSize: list.targetPageSize,
    blocks: list.blocks,
    commands: { early, late },
    sections: part.sections(),
    spacedColons: /^\{\s*"\w+" :/.test(text),
    describesConfiguration: /^\{\s*"configuration"/.test(text),
    producer: clues.producer,
  };
}
