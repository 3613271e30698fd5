// Section "dirty-bitmap": bitmaps of block nodes, in chunks whose names carry on from one to the next. QEMU:
// send_bitmap_header() … send_bitmap_bits() and dirty_bitmap_load(), migration/block-dirty-bitmap.c (since 2.12).

import { isPowerOfTwo } from '../base/units.js';
import { cannotEncode } from '../bytes/emitter.js';
import type { Window } from '../bytes/window.js';
import { be32, be64, counted, u8, type Codec } from './kit/codec.js';
import type { Walk } from './walk.js';

export const DIRTY_BITMAP_IDSTR = 'dirty-bitmap';

export const dirtyBitmapFlag = {
  eos: 0x01,
  /** With BITS: no data, the range is all clear. */
  zeroes: 0x02,
  bitmapName: 0x04,
  deviceName: 0x08,
  start: 0x10,
  complete: 0x20,
  bits: 0x40,
  /** One more byte of flags follows; if that has it too, two more. */
  extraFlags: 0x80,
} as const;

/** Of START's own flags all but enabled (1), persistent (2) and autoload (4). */
export const DIRTY_BITMAP_RESERVED = 0xf8;

/** The reader's limit; the writer stays at 1 KiB, and the wire has no other. */
export const MAX_DIRTY_BITMAP_DATA = 10 * 1024;

/** START comes before COMPLETE, COMPLETE before BITS: at most one of them is read in a chunk. */
export interface DirtyBitmapChunk {
  /** As they stand on the wire: one byte, or two, or four; the last byte alone has effect. */
  readonly flags: number;
  /** Node name or alias; present exactly with DEVICE_NAME. */
  readonly device?: string;
  /** Bitmap name or alias; present exactly with BITMAP_NAME. */
  readonly bitmap?: string;
  /** Granularity in bytes (be32, whatever the comment in QEMU's source says). */
  readonly start?: { readonly granularity: number; readonly flags: number };
  /** Sectors are 512 bytes. `data` is present exactly when ZEROES is clear; little-endian words. */
  readonly bits?: { readonly startSector: number; readonly sectors: number; readonly data?: Uint8Array };
}

type ChunkBody = 'start' | 'complete' | 'bits' | 'nothing';

function bodyOf(flags: number): ChunkBody {
  if (flags & dirtyBitmapFlag.start) return 'start';
  if (flags & dirtyBitmapFlag.complete) return 'complete';
  return flags & dirtyBitmapFlag.bits ? 'bits' : 'nothing';
}

/** One, two or four bytes, told from bit 7 of the first two. QEMU: qemu_get_bitmap_flags(); it writes one byte only. */
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

/** `bad-payload` for what QEMU refuses or dies of: reserved START flags, odd granularities, more than 10 KiB of bits. */
export const dirtyBitmapChunk: Codec<DirtyBitmapChunk> = {
  decode(window) {
    const depth = window.enter('dirty bitmap chunk');
    const flags = flagBytes.decode(window);
    const body = bodyOf(flags);
    const chunk: DirtyBitmapChunk = {
      flags,
      ...(flags & dirtyBitmapFlag.deviceName ? { device: counted.decode(window) } : {}),
      ...(flags & dirtyBitmapFlag.bitmapName ? { bitmap: counted.decode(window) } : {}),
      ...(body === 'start' ? { start: decodeStart(window) } : {}),
      ...(body === 'bits' ? { bits: decodeBits(window, flags) } : {}),
    };
    window.leave(depth);
    return chunk;
  },
  encode(emitter, chunk) {
    const { flags, device, bitmap, start, bits } = chunk;
    const expected = [
      flags & dirtyBitmapFlag.deviceName,
      flags & dirtyBitmapFlag.bitmapName,
      bodyOf(flags) === 'start',
      bodyOf(flags) === 'bits',
    ];
    if ([device, bitmap, start, bits].some((part, i) => (part !== undefined) !== Boolean(expected[i]))) {
      throw cannotEncode(`dirty bitmap flags 0x${flags.toString(16)} say another chunk than this`);
    }
    flagBytes.encode(emitter, flags);
    if (device !== undefined) counted.encode(emitter, device);
    if (bitmap !== undefined) counted.encode(emitter, bitmap);
    if (start !== undefined) {
      if (!isPowerOfTwo(start.granularity) || start.flags & DIRTY_BITMAP_RESERVED)
        throw cannotEncode(`dirty bitmap header ${start.granularity}, 0x${start.flags.toString(16)}`);
      be32.encode(emitter, start.granularity);
      u8.encode(emitter, start.flags);
    }
    if (bits === undefined) return;
    if ((bits.data === undefined) !== ((flags & dirtyBitmapFlag.zeroes) !== 0))
      throw cannotEncode('data goes without ZEROES, and only without it');
    be64.encode(emitter, bits.startSector);
    be32.encode(emitter, bits.sectors);
    if (bits.data === undefined) return;
    if (bits.data.length > MAX_DIRTY_BITMAP_DATA)
      throw cannotEncode(`${bits.data.length} bytes of bitmap in one chunk; QEMU takes ${MAX_DIRTY_BITMAP_DATA}`);
    be64.encode(emitter, bits.data.length);
    emitter.put(bits.data);
  },
  size: ({ flags, device, bitmap, start, bits }) =>
    flagBytes.size(flags) +
    (device === undefined ? 0 : counted.size(device)) +
    (bitmap === undefined ? 0 : counted.size(bitmap)) +
    (start === undefined ? 0 : 5) +
    (bits === undefined ? 0 : 12 + (bits.data === undefined ? 0 : 8 + bits.data.length)),
  maxSize: flagBytes.maxSize + 2 * counted.maxSize + 20 + MAX_DIRTY_BITMAP_DATA,
  describe: () =>
    `flags: ${flagBytes.describe()}, [device: cstr8], [bitmap: cstr8], ` +
    '[START granularity: be32, flags: u8], [BITS start_sector: be64, sectors: be32, [size: be64, data]]',
};

function decodeStart(window: Window): DirtyBitmapChunk['start'] & object {
  const offset = window.position;
  const granularity = be32.decode(window);
  const flags = u8.decode(window);
  if (!isPowerOfTwo(granularity))
    throw window.fail('bad-payload', `dirty bitmap granularity ${granularity} is no power of two`, { offset });
  if (flags & DIRTY_BITMAP_RESERVED) {
    throw window.fail('bad-payload', `unknown flags in the dirty bitmap header: 0x${flags.toString(16)}`, {
      offset: offset + 4,
    });
  }
  return { granularity, flags };
}

function decodeBits(window: Window, flags: number): DirtyBitmapChunk['bits'] & object {
  const startSector = be64.decode(window);
  const sectors = be32.decode(window);
  if (flags & dirtyBitmapFlag.zeroes) return { startSector, sectors };
  const offset = window.position;
  const size = be64.decode(window);
  if (size > MAX_DIRTY_BITMAP_DATA)
    throw window.fail('bad-payload', `${size} bytes of dirty bitmap in one chunk`, { offset });
  return { startSector, sectors, data: window.take(size).slice() };
}

/** @throws MigrationStreamError `bad-payload`, `address-too-large`, `truncated` */
export const walkDirtyBitmap: Walk = async function* (cursor) {
  for (;;) {
    // Chunks are small and come by the thousand: those that are here are passed in one step.
    if (cursor.available < dirtyBitmapChunk.maxSize && !cursor.atEnd) {
      yield;
      await cursor.fill(dirtyBitmapChunk.maxSize);
    }
    const chunk = dirtyBitmapChunk.decode(cursor);
    if (chunk.flags & dirtyBitmapFlag.eos) return;
  }
};
