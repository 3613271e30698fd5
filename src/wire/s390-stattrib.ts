// Section "s390-storage_attributes": CMMA values of guest pages. QEMU: cmma_save() and cmma_load(),
// hw/s390x/s390-stattrib.c.

import { flaggedWord, type FlaggedWord } from './flagged-word.js';
import { be64 } from './kit/codec.js';
import { checked } from './kit/combine.js';
import { record, when } from './kit/record.js';
import { passBody, type Walk } from './walk.js';

export const STATTRIB_IDSTR = 's390-storage_attributes';

export const stattribFlag = {
  eos: 0x01,
  /** A count and that number of values, one byte for each page, follow. */
  more: 0x02,
  /** Defined, but never written; QEMU refuses it. */
  error: 0x04,
  /** All values have been sent. */
  done: 0x08,
} as const;

/** s390x pages are 4 KiB. */
const word = flaggedWord(4096);
const known: readonly number[] = [stattribFlag.eos, stattribFlag.more, stattribFlag.done];

/**
 * `address`: guest physical address of the first page, bytes; 0 except for MORE. `flags`: exactly one of
 * `stattribFlag`, but never ERROR. `count`: number of values after the record, one byte each. Decoding throws
 * `bad-payload` for flags that QEMU refuses.
 */
export const stattribRecord = record(
  'storage attributes record',
  { count: when(({ flags }: FlaggedWord) => flags === stattribFlag.more, be64) },
  checked(word, 'bad-payload', ({ flags }) => {
    if (known.includes(flags)) return undefined;
    const incomplete = flags === stattribFlag.error;
    const what = incomplete ? 'storage attributes data is incomplete' : 'unexpected storage attribute flags';
    return `${what} (0x${flags.toString(16)})`;
  }),
);

/** @throws MigrationStreamError `bad-payload`, `address-too-large`, `truncated` */
export const walkStattrib: Walk = async function* (cursor) {
  for (;;) {
    await cursor.fill(stattribRecord.maxSize);
    const { flags, count = 0 } = stattribRecord.decode(cursor);
    yield;
    yield* passBody(cursor, count, 'storage attributes');
    if (flags === stattribFlag.eos) return;
  }
};
