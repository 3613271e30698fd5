// 64-bit numbers as two 32-bit halves. The wire counts bytes in be64. A real length or offset stays below 2^53, and the
// hot loop must not make a BigInt per page. A u64 that counts bytes therefore becomes a checked number here.

/** 2^32, the weight of the high half. */
export const HIGH = 0x1_0000_0000;

/** From this value of the high half on, a double cannot hold the number exactly (2^53 = 2^21 * 2^32). */
export const HIGH_LIMIT = 0x20_0000;

/** 1 KiB to 64 KiB: every target page size for which QEMU has flags (docs/format.md). */
export const PAGE_BITS_MIN = 10;
export const PAGE_BITS_MAX = 16;

export function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isSafeInteger(value) && 2 ** Math.round(Math.log2(value)) === value;
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
