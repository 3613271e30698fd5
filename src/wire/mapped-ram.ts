// The header that mapped-ram adds to a block list entry, and the position of the pages in the file. QEMU:
// MappedRamHeader, mapped_ram_setup_ramblock(), migration/ram.c (since 9.0).

import { roundUp } from '../base/units.js';
import { be32, be64, type ValueOf } from './kit/codec.js';
import { record } from './kit/record.js';

/** 28 bytes. Both offsets are absolute in the file; both are 0 for a block that QEMU 11.1 ignored. */
export const mappedRamHeader = record('mapped-ram header', {
  version: be32,
  pageSize: be64,
  bitmapOffset: be64,
  pagesOffset: be64,
});

export type MappedRamHeader = ValueOf<typeof mappedRamHeader>;

export const MAPPED_RAM_HEADER_SIZE = mappedRamHeader.maxSize;
export const MAPPED_RAM_VERSION = 1;
/** MAPPED_RAM_FILE_OFFSET_ALIGNMENT */
export const MAPPED_RAM_ALIGNMENT = 0x10_0000;

/** Size of a block's bitmap in bytes: whole 64-bit words, one bit for each target page. */
export function mappedBitmapSize(usedLength: number, pageSize: number): number {
  return Math.ceil(usedLength / pageSize / 64) * 8;
}

/** The offset that QEMU gives the pages of a block whose header ends at `bitmapOffset`. */
export function mappedPagesOffset(bitmapOffset: number, usedLength: number, pageSize: number): number {
  return roundUp(bitmapOffset + mappedBitmapSize(usedLength, pageSize), MAPPED_RAM_ALIGNMENT);
}
