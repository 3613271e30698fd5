// 64-bit numbers as two 32-bit halves. The wire counts bytes in be64; a real length or offset stays below 2^53, and
// the hot loop must not make a BigInt per page, so u64s that mean bytes become checked numbers here. Imports nothing.

/** 2^32, the weight of the high half. */
export const HIGH = 0x1_0000_0000;

/** High halves from here on make a number that a double cannot hold exactly (2^53 = 2^21 * 2^32). */
export const HIGH_LIMIT = 0x20_0000;

/** 1 KiB to 64 KiB: every target page size that QEMU has flags for (docs/format.md). */
export const PAGE_BITS_MIN = 10;
export const PAGE_BITS_MAX = 16;

export function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isSafeInteger(value) && 2 ** Math.round(Math.log2(value)) === value;
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
