// A search of bytes for bytes at the speed of the machine.

/** Offset of `pattern` in `bytes` from `from` on; -1: nowhere. */
export function searchBytes(bytes: Uint8Array, pattern: Uint8Array, from: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(pattern, from);
}
