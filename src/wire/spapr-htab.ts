// Section "spapr/htab": the hash page table of a pseries guest. QEMU: htab_save_setup(), htab_save_iterate() and
// htab_load(), hw/ppc/spapr.c.

import { be16, be32, type ValueOf } from './kit/codec.js';
import { record } from './kit/record.js';
import { passBody, type Walk } from './walk.js';

export const HTAB_IDSTR = 'spapr/htab';

/** The table's size as a power of two (START only), HTAB_NONE, or HTAB_CHUNKS. */
export const htabHeader = record('htab header', { shift: be32 });

/** The guest uses no hash table (radix): nothing follows in any section. */
export const HTAB_NONE = 0xffff_ffff;
/** Chunks follow. */
export const HTAB_CHUNKS = 0;
/** The table sizes that PAPR allows, as powers of two. */
export const HTAB_SHIFT_MIN = 18;
export const HTAB_SHIFT_MAX = 46;

/**
 * Comes before `valid` entries. The `invalid` entries after them are zeros and are not sent. A header of zeros marks
 * the end.
 */
export const htabChunk = record('htab chunk', { index: be32, valid: be16, invalid: be16 });

export type HtabChunk = ValueOf<typeof htabChunk>;

/** HASH_PTE_SIZE_64 */
export const HTAB_ENTRY_SIZE = 16;

function isHtabEnd({ index, valid, invalid }: HtabChunk): boolean {
  return index === 0 && valid === 0 && invalid === 0;
}

/** @throws MigrationStreamError `bad-payload`, `truncated` */
export const walkHtab: Walk = async function* (cursor, _section, type) {
  await cursor.fill(htabHeader.maxSize);
  const offset = cursor.position;
  const { shift } = htabHeader.decode(cursor);
  if (shift !== HTAB_CHUNKS && shift !== HTAB_NONE) {
    if (type === 'part' || type === 'end')
      throw cursor.fail('bad-payload', `hash table size 2^${shift} outside START`, { offset });
    if (shift < HTAB_SHIFT_MIN || shift > HTAB_SHIFT_MAX) {
      throw cursor.fail(
        'bad-payload',
        `hash table of 2^${shift} bytes, not of 2^${HTAB_SHIFT_MIN} to 2^${HTAB_SHIFT_MAX}`,
        { offset },
      );
    }
  }
  yield;
  if (shift !== HTAB_CHUNKS) return;
  for (;;) {
    await cursor.fill(htabChunk.maxSize);
    const chunk = htabChunk.decode(cursor);
    yield;
    if (isHtabEnd(chunk)) return;
    yield* passBody(cursor, chunk.valid * HTAB_ENTRY_SIZE, 'htab entries');
  }
};
