// How small zlib makes a page, for estimates.

import { deflateSync } from 'node:zlib';

/** Bytes at zlib's fastest level, as migration's own compression would use. */
export function deflatedSize(page: Uint8Array): number {
  return deflateSync(page, { level: 1 }).length;
}
