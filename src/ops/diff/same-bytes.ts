// HOT. Pages compared in words of 32 bits. The words of two streams stand at any alignment: page records have headers
// of odd lengths. A DataView reads them in place, and makes no object.

/** Bytes that are compared in one step: eight words with one branch take half the time of eight branches. */
const STEP = 32;

/** Whether `length` bytes at `i` of `a` are those at `k` of `b`. */
export function sameBytes(a: DataView, i: number, b: DataView, k: number, length: number): boolean {
  const steps = length - (length % STEP);
  for (let p = i, q = k; p < i + steps; p += STEP, q += STEP) {
    const differing =
      (a.getInt32(p, true) ^ b.getInt32(q, true)) |
      (a.getInt32(p + 4, true) ^ b.getInt32(q + 4, true)) |
      (a.getInt32(p + 8, true) ^ b.getInt32(q + 8, true)) |
      (a.getInt32(p + 12, true) ^ b.getInt32(q + 12, true)) |
      (a.getInt32(p + 16, true) ^ b.getInt32(q + 16, true)) |
      (a.getInt32(p + 20, true) ^ b.getInt32(q + 20, true)) |
      (a.getInt32(p + 24, true) ^ b.getInt32(q + 24, true)) |
      (a.getInt32(p + 28, true) ^ b.getInt32(q + 28, true));
    if (differing !== 0) return false;
  }
  for (let at = steps; at < length; at += 1) if (a.getUint8(i + at) !== b.getUint8(k + at)) return false;
  return true;
}

/** Whether `length` bytes at `i` of `a` are all `fill`. */
export function filledBytes(a: DataView, i: number, fill: number, length: number): boolean {
  const word = (fill * 0x0101_0101) | 0;
  const words = length - (length & 3);
  for (let at = 0; at < words; at += 4) if (a.getInt32(i + at, true) !== word) return false;
  for (let at = words; at < length; at += 1) if (a.getUint8(i + at) !== fill) return false;
  return true;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
