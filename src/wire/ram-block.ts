// One entry of the MEM_SIZE block list, in every layout. QEMU: ram_save_setup() and parse_ramblock(), migration/ram.c.

import type { BlockLayout } from './dialect.js';
import { be64, be64big, counted, u8, type Codec } from './kit/codec.js';
import { checked } from './kit/combine.js';
import { record, whenAhead } from './kit/record.js';
import { mappedRamHeader, type MappedRamHeader } from './mapped-ram.js';
import { isPowerOfTwo } from '../base/units.js';
import type { Window } from '../bytes/window.js';

/** A RAMBlock as the list names it. Lengths in bytes. */
export interface RamBlockEntry {
  readonly idstr: string;
  /** used_length: what is sent; a multiple of the host page size. */
  readonly usedLength: number;
  /** The block's own page size, where it is not the host's (postcopy layout). */
  readonly pageSize?: number;
  /** mr->addr: relative to the region's container, not an absolute guest address. */
  readonly gpa?: bigint;
  /** QEMU 4.0's byte: 0 or 1; its reader takes any non-zero value as true. */
  readonly ignored?: number;
  readonly mapped?: MappedRamHeader;
}

/**
 * The codec of an entry under `layout`. In the postcopy layout an entry has a page size only where QEMU wrote one;
 * `targetPageSize` tells it from what follows (docs/format.md: unambiguous entry by entry).
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

/** A name's length byte is never 0; a page size's first byte always is, and EOS and MULTIFD_FLUSH are no page sizes. */
function hasPageSize(window: Window, targetPageSize: number): boolean {
  if (window.peek() !== 0 || window.available < 8) return false;
  const high = window.view.getUint32(window.at);
  const value = high * 0x1_0000_0000 + window.view.getUint32(window.at + 4);
  return isPageSize(value, targetPageSize);
}

function isPageSize(value: number, targetPageSize: number): boolean {
  return isPowerOfTwo(value) && value > targetPageSize;
}
