// One entry of the MEM_SIZE block list, in every layout. QEMU: ram_save_setup() and parse_ramblock(), migration/ram.c.

import type { BlockLayout } from './dialect.js';
import { be64, be64big, counted, u8, type Codec } from './kit/codec.js';
import { checked } from './kit/combine.js';
import { record, whenAhead } from './kit/record.js';
import { mappedRamHeader, type MappedRamHeader } from './mapped-ram.js';
import { isPowerOfTwo } from '../base/units.js';
import type { Window } from '../bytes/window.js';

/** A RAMBlock in the block list. Lengths are in bytes. */
export interface RamBlockEntry {
  readonly idstr: string;
  /** used_length: the number of bytes that are sent; a multiple of the host page size. */
  readonly usedLength: number;
  /** The page size of the block, where it differs from the host's page size (postcopy layout). */
  readonly pageSize?: number;
  /** mr->addr: relative to the region's container, not an absolute guest address. */
  readonly gpa?: bigint;
  /** The extra byte of QEMU 4.0: 0 or 1. QEMU's reader takes any non-zero value as true. */
  readonly ignored?: number;
  readonly mapped?: MappedRamHeader;
}

/**
 * The codec of an entry under `layout`. In the postcopy layout an entry has a page size only where QEMU wrote one;
 * `targetPageSize` tells the page size from the following bytes (docs/format.md: unambiguous entry by entry).
 */
export function ramBlockEntry(layout: BlockLayout, targetPageSize: number): Codec<RamBlockEntry> {
  const pageSize = checked(be64, 'bad-payload', (value) =>
    isPageSize(value, targetPageSize) ? undefined : `block page size ${value} would not be read as one`,
  );
  return record('block list entry', {
    idstr: counted,
    usedLength: be64,
    ...(layout.postcopyPageSize
      ? { pageSize: whenAhead((window) => hasPageSize(window, targetPageSize), pageSize) }
      : {}),
    ...(layout.gpa ? { gpa: be64big } : {}),
    ...(layout.ignoredByte ? { ignored: u8 } : {}),
    ...(layout.mapped ? { mapped: mappedRamHeader } : {}),
  });
}

/**
 * The length byte of a name is never 0. The first byte of a page size is always 0, and neither EOS nor MULTIFD_FLUSH is
 * a page size.
 */
function hasPageSize(window: Window, targetPageSize: number): boolean {
  if (window.peek() !== 0 || window.available < 8) return false;
  const high = window.view.getUint32(window.at);
  const value = high * 0x1_0000_0000 + window.view.getUint32(window.at + 4);
  return isPageSize(value, targetPageSize);
}

function isPageSize(value: number, targetPageSize: number): boolean {
  return isPowerOfTwo(value) && value > targetPageSize;
}
