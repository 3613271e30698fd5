// The donor: a save that the destination made of itself, started with the same devices and never run. The destination
// reads what the donor shows: its configuration, section order, ids, field lists and values.

import { Refused } from '../../base/refused.js';
import { MigrationStreamError } from '../../base/errors.js';
import { span } from '../../base/span.js';
import type { ByteSource } from '../../bytes/source.js';
import { readSave, type Save, type SavedCommand } from '../../destination/save.js';
import type { OpenOptions } from '../../open/open-stream.js';
import type { StreamEvent } from '../../stream/event.js';
import type { Configuration } from '../../wire/configuration.js';
import type { BlockLayout } from '../../wire/dialect.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import type { SectionHeader } from '../../wire/section.js';
import type { Releases } from './merge/knowledge.js';
import { describedSections, descriptionOf, type DeviceSection } from './stream/device-part.js';

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
  readonly commands: {
    readonly early: readonly Extract<StreamEvent, { kind: 'command' }>[];
    readonly late: readonly Extract<StreamEvent, { kind: 'command' }>[];
  };
  /** In the order in which the destination saves them. */
  readonly sections: readonly DeviceSection[];
  readonly spacedColons: boolean;
  readonly describesConfiguration: boolean;
  readonly producer: Releases;
}

/** @throws Refused: not a plain save, or not what its vmdescription says */
export function donorOf(save: Save): Donor {
  const { frame, sections, footers, vmdescription: json, special } = save;
  if (special !== undefined)
    throw new Refused(
      'refused',
      special === 'postcopy'
        ? 'a donor is a plain save, not one of postcopy'
        : 'a donor is a plain save: not mapped-ram, and no blocks plugged in while it was made',
    );
  const iterable = sections.filter((section) => section.iterable);
  const ram = iterable.find(({ idstr }) => idstr === 'ram');
  if (ram === undefined || frame === undefined || save.targetPageSize === undefined)
    throw new Refused('refused', 'the donor has no RAM section');
  const description = descriptionOf('the donor', json);
  const devices = sections
    .filter((section) => !section.iterable)
    .map(({ payload: bytes, offset = 0, ...section }) => ({
      section,
      payload: span(offset, offset + bytes.length),
      bytes,
    }));
  return {
    configuration: frame.configuration,
    ram,
    parts: iterable.filter(({ idstr }) => idstr !== 'ram'),
    footers,
    layout: frame.layout,
    targetPageSize: save.targetPageSize,
    blocks: save.blocks.map(({ entry }) => entry),
    commands: { early: frame.commands.early.map(eventOf), late: frame.commands.late.map(eventOf) },
    sections: describedSections('the donor', devices, description),
    spacedColons: description.spacedColons,
    describesConfiguration: description.configuration !== undefined,
    producer: save.producer,
  };
}

const nowhere = { start: 0, end: 0 };

function eventOf(command: SavedCommand): Extract<StreamEvent, { kind: 'command' }> {
  return { kind: 'command', ...command, span: nowhere };
}

/** Reads a donor whole. Closing `source` is the caller's. @throws as readSave and donorOf */
export async function readDonor(source: ByteSource, options: OpenOptions = {}): Promise<Donor> {
  try {
    return donorOf(await readSave(source, options));
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
}
