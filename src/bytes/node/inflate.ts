// zlib as the old compress threads used it: one whole stream for each page.

import { inflateSync } from 'node:zlib';

/** The plain bytes, at most `limit` of them; undefined when `body` is no zlib stream or holds more. */
export function inflate(body: Uint8Array, limit: number): Uint8Array | undefined {
  try {
    return inflateSync(body, { maxOutputLength: limit });
  } catch {
    return undefined;
  }
}
