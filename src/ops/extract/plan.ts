// What an extraction writes: the ranges of guest-physical memory that are wanted.

import { MigrationStreamError } from '../../base/errors.js';
import { quote } from '../../base/quote.js';
import type { Span } from '../../base/span.js';
import { physicalMap, type MapEntry } from '../../memory/layout.js';
import { within, type PhysicalMap } from '../../memory/physical-map.js';
import { requireBlocks, type Guest } from '../guest/guest.js';

export interface Selection {
  /** Guest-physical addresses. Default: all. */
  readonly range?: Span | undefined;
  /** Names of RAM blocks. Default: all that have an address. */
  readonly blocks?: readonly string[] | undefined;
  /** Where blocks stand, instead of finding out. */
  readonly map?: readonly MapEntry[] | undefined;
}

/**
 * The ranges that `selection` leaves of the guest's layout.
 * @throws MigrationStreamError `unsupported`: no layout, an unknown block, nothing left, or pages that are elsewhere
 */
export function plannedMap(guest: Guest, { range, blocks, map }: Selection): PhysicalMap {
  const { memory, machine, devices } = guest;
  const whole = physicalMap({ machine, devices, blocks: memory.blocks }, map);
  const wanted = blocks === undefined ? undefined : new Set(blocksNamed(guest, blocks));
  const inside = range === undefined ? whole.ranges : within(whole.ranges, range.start, range.end);
  const ranges = wanted === undefined ? inside : inside.filter(({ block }) => wanted.has(block));
  if (ranges.length === 0) throw unsupported('no memory is there');
  requireBlocks(
    guest,
    ranges.map(({ block }) => block),
  );
  return { ranges, how: whole.how };
}

/** Indices into the block list. @throws MigrationStreamError `unsupported`: a name that is not in it */
export function blocksNamed({ memory }: Guest, names: readonly string[]): number[] {
  return names.map((name) => {
    const block = memory.blocks.findIndex(({ idstr }) => idstr === name);
    if (block >= 0) return block;
    const known = memory.blocks.map(({ idstr }) => idstr).join(', ');
    throw unsupported(`the stream has no block ${quote(name)}; it has ${known}`);
  });
}

function unsupported(message: string): MigrationStreamError {
  return new MigrationStreamError({ code: 'unsupported', message });
}
