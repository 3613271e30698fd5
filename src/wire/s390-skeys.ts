// Section "s390-skeys", always a FULL section: storage keys of all pages. QEMU: s390_storage_keys_save() and
// s390_storage_keys_load(), hw/s390x/s390-skeys.c (since 2.5).

import { flaggedWord, type FlaggedWord } from './flagged-word.js';
import { be64 } from './kit/codec.js';
import { checked } from './kit/combine.js';
import { record, when } from './kit/record.js';
import { passBody, type Walk } from './walk.js';

export const SKEYS_IDSTR = 's390-skeys';

export const skeysFlag = {
  eos: 0x01,
  /** A page count and that number of keys, one byte each, follow. */
  skeys: 0x02,
  /**
   * Written in place of EOS when the source could not read the keys. The keys are then zeros, and QEMU refuses to load
   * them.
   */
  error: 0x04,
} as const;

/** s390x pages are 4 KiB. */
const word = flaggedWord(4096);
const known: readonly number[] = Object.values(skeysFlag);

/**
 * `address`: guest physical address of the first page, bytes. `flags`: exactly one of `skeysFlag`; EOS and ERROR end
 * the payload. `count`: number of keys after the record, one byte each. Decoding throws `bad-payload` for flags that no
 * QEMU writes.
 */
export const skeysRecord = record(
  'storage keys record',
  { count: when(({ flags }: FlaggedWord) => flags === skeysFlag.skeys, be64) },
  checked(word, 'bad-payload', ({ flags }) =>
    known.includes(flags) ? undefined : `unexpected storage key flags 0x${flags.toString(16)}`,
  ),
);

/** @throws MigrationStreamError `bad-payload`, `address-too-large`, `truncated` */
export const walkSkeys: Walk = async function* (cursor) {
  for (;;) {
    await cursor.fill(skeysRecord.maxSize);
    const { flags, count = 0 } = skeysRecord.decode(cursor);
    yield;
    yield* passBody(cursor, count, 'storage keys');
    if (flags !== skeysFlag.skeys) return;
  }
};
