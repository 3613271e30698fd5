// Section "dirty-bitmap": bitmaps of block nodes, in chunks. A chunk without names continues the names of the previous
// chunk. QEMU: send_bitmap_header() … send_bitmap_bits() and dirty_bitmap_load(), migration/block-dirty-bitmap.c (since
// 2.12).

import { isPowerOfTwo } from '../base/units.js';
import { cannotEncode } from '../bytes/emitter.js';
import { be32, be64, counted, u8, type Codec, type ValueOf } from './kit/codec.js';
import { checked, sized } from './kit/combine.js';
import { choose, record, when } from './kit/record.js';
import type { Walk } from './walk.js';

export const DIRTY_BITMAP_IDSTR = 'dirty-bitmap';

export const dirtyBitmapFlag = {
  eos: 0x01,
  /** With BITS: there is no data; the whole range is clear. */
  zeroes: 0x02,
  bitmapName: 0x04,
  deviceName: 0x08,
  start: 0x10,
  complete: 0x20,
  bits: 0x40,
  /** One more byte of flags follows; if that byte has this bit too, two more bytes follow. */
  extraFlags: 0x80,
} as const;

/** Reserved bits of the flags byte in START: all bits except enabled (1), persistent (2) and autoload (4). */
export const DIRTY_BITMAP_RESERVED = 0xf8;

/** The limit of QEMU's reader. QEMU's writer stays at 1 KiB, and the wire has no other limit. */
export const MAX_DIRTY_BITMAP_DATA = 10 * 1024;

type ChunkBody = 'start' | 'complete' | 'bits' | 'nothing';

function bodyOf(flags: number): ChunkBody {
  if (flags & dirtyBitmapFlag.start) return 'start';
  if (flags & dirtyBitmapFlag.complete) return 'complete';
  return flags & dirtyBitmapFlag.bits ? 'bits' : 'nothing';
}

/**
 * One, two or four bytes; bit 7 of the first two bytes tells how many. QEMU: qemu_get_bitmap_flags(); QEMU's writer
 * writes one byte only.
 */
const flagBytes: Codec<number> = {
  decode(window) {
    const first = window.u8();
    if (first < dirtyBitmapFlag.extraFlags) return first;
    const two = first * 0x100 + window.u8();
    return (two & dirtyBitmapFlag.extraFlags) === 0 ? two : two * 0x1_0000 + window.u16();
  },
  encode(emitter, flags) {
    const width = flagWidth(flags);
    if (width === undefined) throw cannotEncode(`0x${flags.toString(16)} are no dirty bitmap flags`);
    if (width === 1) emitter.u8(flags);
    else if (width === 2) emitter.u16(flags);
    else emitter.u32(flags);
  },
  size: (flags) => flagWidth(flags) ?? 0,
  maxSize: 4,
  describe: () => 'u8, be16 or be32',
};

function flagWidth(flags: number): 1 | 2 | 4 | undefined {
  if (!Number.isInteger(flags) || flags < 0 || flags > 0xffff_ffff) return undefined;
  if (flags < 0x80) return 1;
  if (flags >= 0x8000 && flags <= 0xffff && (flags & 0x80) === 0) return 2;
  return flags >= 0x8000_0000 && (flags & 0x80_0000) !== 0 ? 4 : undefined;
}

/** START: the granularity is in bytes (be32, although the comment in QEMU's source says otherwise). */
const startHeader = record('', {
  granularity: checked(be32, 'bad-payload', (granularity) =>
    isPowerOfTwo(granularity) ? undefined : `dirty bitmap granularity ${granularity} is no power of two`,
  ),
  flags: checked(u8, 'bad-payload', (flags) =>
    flags & DIRTY_BITMAP_RESERVED ? `unknown flags in the dirty bitmap header: 0x${flags.toString(16)}` : undefined,
  ),
});

/** BITS: sectors are 512 bytes. */
const range = { startSector: be64, sectors: be32 };
const clearRange = record('', range);
/** Data: little-endian words. */
const dataRange = record('', {
  ...range,
  data: sized(be64, MAX_DIRTY_BITMAP_DATA, 'bad-payload', 'dirty bitmap chunk'),
});
type DirtyBitmapRange = ValueOf<typeof clearRange> & { readonly data?: Uint8Array };

interface Flags {
  readonly flags: number;
}

/**
 * START comes before COMPLETE, COMPLETE before BITS: a chunk reads at most one of them. `flags`: one, two or four bytes
 * as on the wire; only the last byte has an effect. `device`, `bitmap`: name or alias. `bits` has data exactly when
 * ZEROES is clear. Decoding throws `bad-payload` for values that QEMU refuses or that crash QEMU: reserved START flags,
 * odd granularities, more than 10 KiB of bits.
 */
export const dirtyBitmapChunk = record('dirty bitmap chunk', {
  flags: flagBytes,
  device: when(({ flags }: Flags) => (flags & dirtyBitmapFlag.deviceName) !== 0, counted),
  bitmap: when(({ flags }: Flags) => (flags & dirtyBitmapFlag.bitmapName) !== 0, counted),
  start: when(({ flags }: Flags) => bodyOf(flags) === 'start', startHeader),
  bits: choose<Flags, DirtyBitmapRange>(
    ({ flags }) => (bodyOf(flags) !== 'bits' ? undefined : flags & dirtyBitmapFlag.zeroes ? clearRange : dataRange),
    clearRange,
    dataRange,
  ),
});

export type DirtyBitmapChunk = ValueOf<typeof dirtyBitmapChunk>;

/** @throws MigrationStreamError `bad-payload`, `address-too-large`, `truncated` */
export const walkDirtyBitmap: Walk = async function* (cursor) {
  for (;;) {
    // Chunks are small and number in the thousands: all chunks in memory are passed in one step.
    if (cursor.available < dirtyBitmapChunk.maxSize && !cursor.atEnd) {
      yield;
      await cursor.fill(dirtyBitmapChunk.maxSize);
    }
    const chunk = dirtyBitmapChunk.decode(cursor);
    if (chunk.flags & dirtyBitmapFlag.eos) return;
  }
};
