// zlib as the old compress threads used it: one complete zlib stream for each page.

import { inflateSync } from 'node:zlib';

/** The plain bytes, at most `limit` of them; undefined when `body` is not a zlib stream or contains more. */
export function inflate(body: Uint8Array, limit: number): Uint8Array | undefined {
  try {
    return inflateSync(body, { maxOutputLength: limit });
  } catch {
    return undefined;
  }
}
