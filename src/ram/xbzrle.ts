// XBZRLE deltas: runs of unchanged bytes and literal new bytes, lengths as one or two byte LEB. A delta is against the
// page's content before it. QEMU: xbzrle_decode_buffer(), migration/xbzrle.c.

/**
 * Applies `delta` to `page` in place. Answers false when the delta is malformed (QEMU: "decode error!"); `page` is then
 * partly changed.
 */
export function applyXbzrle(delta: Uint8Array, page: Uint8Array): boolean {
  return walk(delta, page.length, page);
}

/** Does QEMU's decoder take this delta for a page of `pageSize` bytes? */
export function isXbzrle(delta: Uint8Array, pageSize: number): boolean {
  return walk(delta, pageSize, undefined);
}

function walk(delta: Uint8Array, pageSize: number, page: Uint8Array | undefined): boolean {
  let i = 0;
  let d = 0;
  while (i < delta.length) {
    const zeros = leb(delta, i);
    if (zeros < 0 || (zeros % LEB_VALUE === 0 && i > 0)) return false;
    i += Math.floor(zeros / LEB_VALUE);
    d += zeros % LEB_VALUE;
    const count = leb(delta, i);
    if (d > pageSize || count < 0 || count % LEB_VALUE === 0) return false;
    i += Math.floor(count / LEB_VALUE);
    const end = i + (count % LEB_VALUE);
    if (d + end - i > pageSize || end > delta.length) return false;
    page?.set(delta.subarray(i, end), d);
    d += end - i;
    i = end;
  }
  return true;
}

/** A value is below this; `leb` answers value + length * LEB_VALUE, to need no object. */
const LEB_VALUE = 1 << 14;

/** QEMU's uleb14, which wants two bytes in hand even for one. -1: malformed. */
function leb(bytes: Uint8Array, at: number): number {
  if (bytes.length - at < 2) return -1;
  const first = bytes[at]!;
  if (first < 0x80) return first + LEB_VALUE;
  const second = bytes[at + 1]!;
  return second < 0x80 ? (first & 0x7f) + (second << 7) + 2 * LEB_VALUE : -1;
}
