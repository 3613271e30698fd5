// Hardware addresses, and the bytes behind arrays of bytes.

import type { FieldNode } from '../node.js';

/** `52:54:00:12:34:56`. */
export function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** The bytes of an array or of an undivided leaf. */
export function bytesOfArray(node: FieldNode): Uint8Array | undefined {
  return node.kind === 'array' || (node.kind === 'leaf' && node.scalar === undefined) ? node.bytes : undefined;
}
