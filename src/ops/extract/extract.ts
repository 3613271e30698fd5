// `extract`: guest memory in the formats that other tools read.

import type { ByteSink } from '../../bytes/source.js';
import type { PhysicalMap } from '../../memory/physical-map.js';
import type { Guest } from '../guest/guest.js';
import { writeElf } from './elf.js';
import { writeKdump } from './kdump/kdump.js';
import type { Deflate } from './kdump/pages.js';
import { writeLime } from './lime.js';
import { plannedMap, type Selection } from './plan.js';
import { writeRaw } from './raw.js';

export const addressedFormats = ['elf', 'kdump', 'raw', 'lime'] as const;
export type AddressedFormat = (typeof addressedFormats)[number];

export interface Extraction {
  /** What was written, and how its addresses are known. */
  readonly map: PhysicalMap;
  /** Bytes of the output, holes included. */
  readonly bytes: number;
}

/**
 * Writes the memory that `selection` leaves to `sink`, which it neither commits nor aborts. `deflate`: compresses the
 * pages of kdump, which are plain without it.
 * @throws MigrationStreamError `unsupported`: no layout, no registers, pages that are elsewhere; as the reads and the
 * sink
 */
export async function extract(
  guest: Guest,
  sink: ByteSink,
  format: AddressedFormat,
  selection: Selection = {},
  deflate?: Deflate,
): Promise<Extraction> {
  const map = plannedMap(guest, selection);
  const write: Readonly<Record<AddressedFormat, () => Promise<number>>> = {
    elf: () => writeElf(guest, map, sink),
    kdump: () => writeKdump(guest, map, sink, deflate),
    raw: () => writeRaw(guest, map, sink, selection.range?.start),
    lime: () => writeLime(guest, map, sink),
  };
  return { map, bytes: await write[format]() };
}
