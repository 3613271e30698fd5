// Guest-physical addresses: which bytes of which RAM block stand at which address. Ranges are disjoint and ascend.

import type { Hint } from '../base/hint.js';
import { MigrationStreamError } from '../base/errors.js';
import { quote } from '../base/quote.js';
import { hex } from '../bytes/window.js';
import type { RamBlockEntry } from '../wire/ram-block.js';

/** Addresses `start` to `end` show block `block` (an index into the block list) from offset `offset` on. Bytes. */
export interface PhysicalRange {
  readonly start: number;
  readonly end: number;
  readonly block: number;
  readonly offset: number;
}

export interface PhysicalMap {
  readonly ranges: readonly PhysicalRange[];
  /** How the addresses are known, for people: `CMOS`, `the machine type virt`, `--memory-map`. */
  readonly how: string;
}

/** 52 bits: the physical address space of every architecture here. */
export const ADDRESS_LIMIT = 2 ** 52;

/** `base` with `over` in front of it: where both have a range, `over` shows. Both are disjoint. */
export function overlay(base: readonly PhysicalRange[], over: readonly PhysicalRange[]): PhysicalRange[] {
  let ranges = [...base];
  for (const top of over) ranges = [...without(ranges, top.start, top.end), top];
  return ranges.sort((a, b) => a.start - b.start);
}

/** The parts of `ranges` outside of `start` to `end`. */
export function without(ranges: readonly PhysicalRange[], start: number, end: number): PhysicalRange[] {
  return ranges.flatMap((range) =>
    range.end <= start || range.start >= end
      ? [range]
      : [cut(range, range.start, start), cut(range, end, range.end)].filter((part) => part.end > part.start),
  );
}

/** The parts of `ranges` inside of `start` to `end`. */
export function within(ranges: readonly PhysicalRange[], start: number, end: number): PhysicalRange[] {
  return ranges
    .map((range) => cut(range, Math.max(range.start, start), Math.min(range.end, end)))
    .filter((part) => part.end > part.start);
}

function cut(range: PhysicalRange, start: number, end: number): PhysicalRange {
  return { ...range, start, end, offset: range.offset + start - range.start };
}

/**
 * `ranges` in order, those that continue each other joined, as QEMU joins them for a dump
 * (guest_phys_blocks_region_add, system/memory_mapping.c).
 * @throws MigrationStreamError `unsupported`: ranges overlap, or leave their block or the address space
 */
export function joinRanges(ranges: readonly PhysicalRange[], blocks: readonly RamBlockEntry[]): PhysicalRange[] {
  const joined: PhysicalRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const { idstr, usedLength } = blocks[range.block]!;
    const length = range.end - range.start;
    if (range.start < 0 || range.end > ADDRESS_LIMIT || !Number.isSafeInteger(range.end))
      throw bad(`${quote(idstr)} at ${hex(range.start)} is beyond the address space`);
    if (length <= 0 || range.offset < 0 || range.offset + length > usedLength)
      throw bad(
        `block ${quote(idstr)} has ${usedLength} bytes, the map wants ${range.offset} to ${range.offset + length}`,
      );
    const last = joined.at(-1);
    if (last !== undefined && range.start < last.end)
      throw bad(`${quote(idstr)} and ${quote(blocks[last.block]!.idstr)} overlap at ${hex(range.start)}`);
    if (last?.end === range.start && last.block === range.block && last.offset + last.end - last.start === range.offset)
      joined[joined.length - 1] = { ...last, end: range.end };
    else joined.push(range);
  }
  return joined;
}

/** The index of the range that holds `address`; else of the first range above it (`ranges.length`: none). */
export function rangeIndex(ranges: readonly PhysicalRange[], address: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.end <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bad(message: string): MigrationStreamError {
  return new MigrationStreamError({ code: 'unsupported', message, hint: MAP_HINT });
}

export const MAP_HINT: Hint = { code: 'memory-map' };
