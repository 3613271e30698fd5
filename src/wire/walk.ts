// The common parts of walkers of self-delimiting payloads: their type, and the step over a body of any length. A step
// fills first, then reads without filling, then yields. A walker must not keep loans from one step to the next.

import type { Cursor } from '../bytes/cursor.js';
import type { SectionHeader, SectionKind } from './section.js';

/** Moves the cursor over one payload and yields after each step. stream/payload.ts expects this shape. */
export type Walk = (cursor: Cursor, section: SectionHeader, type: SectionKind) => AsyncGenerator<void>;

/**
 * Passes `count` bytes in steps of the available bytes. Everything before them must have been yielded.
 * @throws MigrationStreamError code `truncated` when the input ends inside
 */
export async function* passBody(cursor: Cursor, count: number, what: string): AsyncGenerator<void> {
  for (let left = count; left > 0;) {
    await cursor.fill(1);
    if (cursor.available === 0) throw cursor.truncated(left, what);
    const step = Math.min(left, cursor.available);
    cursor.at += step;
    left -= step;
    yield;
  }
}
