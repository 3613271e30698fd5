// Section "s390-skeys", a FULL one: storage keys of all pages. QEMU: s390_storage_keys_save() and
// s390_storage_keys_load(), hw/s390x/s390-skeys.c (since 2.5).

import { cannotEncode } from '../bytes/emitter.js';
import { flaggedWord } from './flagged-word.js';
import { be64, type Codec } from './kit/codec.js';
import { passBody, type Walk } from './walk.js';

export const SKEYS_IDSTR = 's390-skeys';

export const skeysFlag = {
  eos: 0x01,
  /** A page count and as many keys, one byte each, follow. */
  skeys: 0x02,
  /** Written in place of EOS when the source could not read the keys: they are zeros then, and QEMU will not load them. */
  error: 0x04,
} as const;

export interface SkeysRecord {
  /** Guest physical address of the first page, bytes. */
  readonly address: number;
  /** Exactly one of `skeysFlag`. EOS and ERROR end the payload. */
  readonly flags: number;
  /** Keys behind the record, one byte each; present exactly with SKEYS. */
  readonly count?: number;
}

/** s390x pages are 4 KiB. */
const word = flaggedWord(4096);
const known: readonly number[] = Object.values(skeysFlag);

/** Without the keys behind it. `bad-payload` for flags that nobody writes. */
export const skeysRecord: Codec<SkeysRecord> = {
  decode(window) {
    const depth = window.enter('storage keys record');
    const offset = window.position;
    const { address, flags } = word.decode(window);
    if (!known.includes(flags))
      throw window.fail('bad-payload', `unexpected storage key flags 0x${flags.toString(16)}`, { offset });
    const record = { address, flags, ...(flags === skeysFlag.skeys ? { count: be64.decode(window) } : {}) };
    window.leave(depth);
    return record;
  },
  encode(emitter, { address, flags, count }) {
    if (!known.includes(flags) || (flags === skeysFlag.skeys) !== (count !== undefined)) {
      throw cannotEncode(
        `no storage keys record has the flags 0x${flags.toString(16)} ${count === undefined ? 'without' : 'with'} a count`,
      );
    }
    word.encode(emitter, { address, flags });
    if (count !== undefined) be64.encode(emitter, count);
  },
  size: ({ count }) => (count === undefined ? 8 : 16),
  maxSize: 16,
  describe: () => `${word.describe()}, [count: be64]`,
};

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
