// The header that mapped-ram puts into a block list entry, and where pages then stand in the file. QEMU:
// MappedRamHeader, mapped_ram_setup_ramblock(), migration/ram.c (since 9.0).

import { roundUp } from '../base/units.js';
import { be32, be64, type ValueOf } from './kit/codec.js';
import { record } from './kit/record.js';

/** 28 bytes. Offsets are absolute in the file, and both 0 for a block that 11.1 ignored. */
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

/** Bytes of a block's bitmap: whole 64-bit words, one bit a target page. */
export function mappedBitmapSize(usedLength: number, pageSize: number): number {
  return Math.ceil(usedLength / pageSize / 64) * 8;
}

/** Where QEMU puts the pages of a block whose header ends at `bitmapOffset`. */
export function mappedPagesOffset(bitmapOffset: number, usedLength: number, pageSize: number): number {
  return roundUp(bitmapOffset + mappedBitmapSize(usedLength, pageSize), MAPPED_RAM_ALIGNMENT);
}
