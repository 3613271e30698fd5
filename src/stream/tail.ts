// Finds the vmdescription before the device sections are read: it gives the lengths of device payloads and the target
// page size. A vmdescription belongs to a stream only if it stands directly behind the EOF byte of that stream, so
// every search asks for that byte. QEMU: qemu_savevm_state_complete_precopy_non_iterable(), migration/savevm.c.

import { readSource, type ByteSource } from '../bytes/source.js';
import { MAX_VMDESCRIPTION } from '../limits.js';
import { sectionType } from '../wire/section.js';
import { span, type Span } from '../base/span.js';

/** Size in bytes of a usual vmdescription with the devices before it; doubled until it is found or the limit is met. */
const FIRST_LOOK = 256 * 1024;
const HEADER = 5;
/** Places that look like a header but hold no JSON, before the search gives up. */
const MAX_CANDIDATES = 64;
const OPEN = 0x7b;
const CLOSE = 0x7d;

export interface Tail<T> {
  /** The answer of `parse`. */
  readonly value: T;
  /** The JSON's bytes, as a copy. */
  readonly json: Uint8Array;
  /** From the type byte 06 to the end of the JSON. */
  readonly span: Span;
}

/**
 * The vmdescription that ends the file. In a file with two streams it belongs to the last stream, so its stream must be
 * read before it is believed. Undefined when the file ends otherwise, or when the source cannot be sought: then one
 * byte of the end was read and no more. `parse` answers undefined for bytes that are no vmdescription.
 * @throws MigrationStreamError code `io` when the source fails
 */
export async function findTail<T>(
  source: ByteSource,
  parse: (json: Uint8Array) => T | undefined,
): Promise<Tail<T> | undefined> {
  const { size, seekable } = source;
  if (!seekable || size === undefined || size < 1) return undefined;
  const last = new Uint8Array(1);
  if ((await readSource(source, last, size - 1)) < 1 || last[0] !== CLOSE) return undefined;
  // One buffer for all looks, filled from its end: a look reads only what the look before it has not read.
  const room = new Uint8Array(Math.min(size, MAX_VMDESCRIPTION + HEADER + 1));
  for (let look = Math.min(FIRST_LOOK, size), had = 0; ; look = Math.min(look * 4, room.length)) {
    const bytes = room.subarray(room.length - look);
    const got = await readSource(source, bytes.subarray(0, look - had), size - look);
    if (got < look - had) return undefined;
    had = look;
    const found = searchEnd(bytes, size - look, parse);
    if (found !== undefined) return found;
    if (look === room.length) return undefined;
  }
}

/** The vmdescription that ends exactly where `bytes` end. */
function searchEnd<T>(
  bytes: Uint8Array,
  start: number,
  parse: (json: Uint8Array) => T | undefined,
): Tail<T> | undefined {
  let tried = 0;
  for (let at = bytes.length - HEADER - 2; at >= 1 && tried < MAX_CANDIDATES; at -= 1) {
    if (!headerAt(bytes, at) || endOf(bytes, at) !== bytes.length) continue;
    tried += 1;
    const found = tailAt(bytes, at, start, parse);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Searches forward for the first vmdescription, in bytes that grow: a pipe brings it last, and a file with a tail has
 * it somewhere in the middle.
 */
export class SearchAhead<T> {
  private readonly parse: (json: Uint8Array) => T | undefined;
  private from = 1;
  private tried = 0;

  constructor(parse: (json: Uint8Array) => T | undefined) {
    this.parse = parse;
  }

  /** `bytes` stand at `start` of the input and begin where they began at the call before. */
  search(bytes: Uint8Array, start: number): Tail<T> | undefined {
    let waiting: number | undefined;
    for (let at = this.from; this.tried < MAX_CANDIDATES; at += 1) {
      at = bytes.indexOf(sectionType.vmdescription, at);
      if (at === -1 || at + HEADER >= bytes.length) {
        waiting ??= at === -1 ? bytes.length : at;
        break;
      }
      if (!headerAt(bytes, at)) continue;
      if (endOf(bytes, at) > bytes.length) {
        if (endOf(bytes, at) - at <= MAX_VMDESCRIPTION + HEADER) waiting ??= at;
        continue;
      }
      if (bytes[endOf(bytes, at) - 1] !== CLOSE) continue;
      this.tried += 1;
      const found = tailAt(bytes, at, start, this.parse);
      if (found !== undefined) return found;
    }
    this.from = Math.max(1, waiting ?? bytes.length);
    return undefined;
  }
}

/** An EOF byte, the type byte, four bytes of length, and a brace. */
function headerAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at + HEADER] === OPEN && bytes[at] === sectionType.vmdescription && bytes[at - 1] === sectionType.eof;
}

function endOf(bytes: Uint8Array, at: number): number {
  return at + HEADER + new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at + 1);
}

function tailAt<T>(
  bytes: Uint8Array,
  at: number,
  start: number,
  parse: (json: Uint8Array) => T | undefined,
): Tail<T> | undefined {
  const end = endOf(bytes, at);
  const json = bytes.slice(at + HEADER, end);
  const value = parse(json);
  return value === undefined ? undefined : { value, json, span: span(start + at, start + end) };
}
