// One entry of the MEM_SIZE block list, in every layout. QEMU: ram_save_setup() and parse_ramblock(), migration/ram.c.

import type { BlockLayout } from './dialect.js';
import { be64, be64big, counted, u8, type Codec } from './kit/codec.js';
import { MAPPED_RAM_HEADER_SIZE, mappedRamHeader, type MappedRamHeader } from './mapped-ram.js';
import { isPowerOfTwo } from '../base/units.js';
import { cannotEncode } from '../bytes/emitter.js';
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
  const size = (entry: RamBlockEntry): number =>
    counted.size(entry.idstr) +
    8 +
    (layout.postcopyPageSize && entry.pageSize !== undefined ? 8 : 0) +
    (layout.gpa ? 8 : 0) +
    (layout.ignoredByte ? 1 : 0) +
    (layout.mapped ? MAPPED_RAM_HEADER_SIZE : 0);
  return {
    decode(window) {
      const depth = window.enter('block list entry');
      const idstr = counted.decode(window);
      const usedLength = be64.decode(window);
      const entry: RamBlockEntry = {
        idstr,
        usedLength,
        ...(layout.postcopyPageSize && hasPageSize(window, targetPageSize) ? { pageSize: be64.decode(window) } : {}),
        ...(layout.gpa ? { gpa: be64big.decode(window) } : {}),
        ...(layout.ignoredByte ? { ignored: u8.decode(window) } : {}),
        ...(layout.mapped ? { mapped: mappedRamHeader.decode(window) } : {}),
      };
      window.leave(depth);
      return entry;
    },
    encode(emitter, entry) {
      counted.encode(emitter, entry.idstr);
      be64.encode(emitter, entry.usedLength);
      if (layout.postcopyPageSize && entry.pageSize !== undefined) {
        if (!isPageSize(entry.pageSize, targetPageSize))
          throw cannotEncode(`block page size ${entry.pageSize} would not be read as one`);
        be64.encode(emitter, entry.pageSize);
      }
      if (layout.gpa) be64big.encode(emitter, demand(entry.gpa, 'gpa', layout));
      if (layout.ignoredByte) u8.encode(emitter, demand(entry.ignored, 'ignored', layout));
      if (layout.mapped) mappedRamHeader.encode(emitter, demand(entry.mapped, 'mapped', layout));
    },
    size,
    maxSize: counted.maxSize + 8 + 8 + 8 + 1 + MAPPED_RAM_HEADER_SIZE,
    describe: () =>
      [
        'idstr: cstr8, used_length: be64',
        layout.postcopyPageSize ? '[page_size: be64]' : '',
        layout.gpa ? 'gpa: be64' : '',
        layout.ignoredByte ? 'ignored: u8' : '',
        layout.mapped ? mappedRamHeader.describe() : '',
      ]
        .filter((part) => part !== '')
        .join(', '),
  };
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

function demand<T>(value: T | undefined, field: string, layout: BlockLayout): T {
  if (value === undefined) throw cannotEncode(`layout ${layout.name} needs "${field}" in every block list entry`);
  return value;
}
