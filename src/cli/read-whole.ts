// A small input as bytes, up to a limit.

import { concatBytes } from '../base/bytes.js';
import { MigrationStreamError } from '../base/errors.js';
import { readSource, type ByteSource } from '../bytes/source.js';

/**
 * `what`: for people, as in "more than 8 bytes of WHAT". @throws MigrationStreamError code `limit-exceeded`; as the
 * source
 */
export async function readWhole(source: ByteSource, limit: number, what: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const part = new Uint8Array(64 * 1024);
    const got = await readSource(source, part, length);
    if (got === 0) return concatBytes(parts);
    length += got;
    if (length > limit)
      throw new MigrationStreamError({ code: 'limit-exceeded', message: `more than ${limit} bytes of ${what}` });
    parts.push(part.subarray(0, got));
  }
}
