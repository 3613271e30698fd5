// Whether QEMU's decoder takes a delta: lengths only, no page is needed for that. QEMU: xbzrle_decode_buffer(),
// migration/xbzrle.c. Imports nothing.

export function isXbzrle(delta: Uint8Array, pageSize: number): boolean {
  let at = 0;
  let page = 0;
  while (at < delta.length) {
    if (delta.length - at < 2) return false;
    const [run, runSize] = uleb14(delta, at);
    if (runSize === 0 || (at > 0 && run === 0)) return false;
    at += runSize;
    page += run;
    if (page > pageSize || delta.length - at < 2) return false;
    const [count, countSize] = uleb14(delta, at);
    if (countSize === 0 || count === 0) return false;
    at += countSize;
    if (page + count > pageSize || at + count > delta.length) return false;
    at += count;
    page += count;
  }
  return true;
}

/** Value and size; size 0: more than two bytes. */
function uleb14(bytes: Uint8Array, at: number): readonly [number, number] {
  const first = bytes[at]!;
  if (first < 0x80) return [first, 1];
  const second = bytes[at + 1] ?? 0;
  return second < 0x80 ? [(first & 0x7f) | (second << 7), 2] : [0, 0];
}
