// Finds the vmdescription from the end of a source that can be sought, before anything else is read: it gives the
// lengths of device payloads and the target page size. QEMU writes it last, so a whole file ends with its "}"; if bytes
// were appended, the last candidate that is JSON is taken.

import { readSource, type ByteSource } from '../bytes/source.js';
import { MAX_VMDESCRIPTION } from '../limits.js';
import { sectionType } from '../wire/section.js';
import { span, type Span } from '../base/span.js';

/** What a usual vmdescription (and the devices before it) needs; doubled until it is found or the limit is met. */
const FIRST_LOOK = 256 * 1024;
const HEADER = 5;
/** Places that look like a header but hold no JSON, before we believe that there is none. */
const MAX_CANDIDATES = 64;

export interface Tail<T> {
  /** What `parse` made of it. */
  readonly value: T;
  /** The JSON's bytes, a copy. */
  readonly json: Uint8Array;
  /** From the type byte 06 to the end of the JSON. */
  readonly span: Span;
}

/**
 * Undefined when there is none within MAX_VMDESCRIPTION of the end, or the source cannot be sought.
 * `parse` answers undefined for bytes that are no vmdescription.
 * @throws MigrationStreamError code `io` when the source fails
 */
export async function findTail<T>(
  source: ByteSource,
  parse: (json: Uint8Array) => T | undefined,
): Promise<Tail<T> | undefined> {
  if (!source.seekable || source.size === undefined) return undefined;
  const size = source.size;
  for (let look = Math.min(FIRST_LOOK, size); ; look = Math.min(look * 4, size, MAX_VMDESCRIPTION + HEADER)) {
    const bytes = new Uint8Array(look);
    const start = size - look;
    const got = await readSource(source, bytes, start);
    const found = searchTail(bytes.subarray(0, got), start, parse);
    if (found !== undefined) return found;
    // A JSON that ends the file has its header further up; anything else is not worth more reading.
    const endsWithJson = bytes[got - 1] === 0x7d;
    if (look === size || look >= MAX_VMDESCRIPTION || !endsWithJson) return undefined;
  }
}

/** The same over bytes in hand, which stand at `start` of the input and reach to its end. */
export function searchTail<T>(
  bytes: Uint8Array,
  start: number,
  parse: (json: Uint8Array) => T | undefined,
): Tail<T> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let tried = 0;
  // First what ends exactly at the end, then, for files with something appended, the last that parses.
  for (const exact of [true, false]) {
    for (let at = bytes.length - HEADER - 2; at >= 0 && tried < MAX_CANDIDATES; at -= 1) {
      if (bytes[at + HEADER] !== 0x7b || bytes[at] !== sectionType.vmdescription) continue;
      const end = at + HEADER + view.getUint32(at + 1);
      if (exact ? end !== bytes.length : end >= bytes.length || bytes[end - 1] !== 0x7d) continue;
      tried += 1;
      const json = bytes.slice(at + HEADER, end);
      const value = parse(json);
      if (value !== undefined) return { value, json, span: span(start + at, start + end) };
    }
  }
  return undefined;
}
