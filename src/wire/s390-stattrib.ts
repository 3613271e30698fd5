// Section "s390-storage_attributes": CMMA values of guest pages. QEMU: cmma_save() and cmma_load(),
// hw/s390x/s390-stattrib.c.

import { cannotEncode } from '../bytes/emitter.js';
import { flaggedWord } from './flagged-word.js';
import { be64, type Codec } from './kit/codec.js';
import { passBody, type Walk } from './walk.js';

export const STATTRIB_IDSTR = 's390-storage_attributes';

export const stattribFlag = {
  eos: 0x01,
  /** A count and as many values, one byte a page, follow. */
  more: 0x02,
  /** Defined, never written; QEMU refuses it. */
  error: 0x04,
  /** All values were sent. */
  done: 0x08,
} as const;

export interface StattribRecord {
  /** Guest physical address of the first page, bytes; 0 but for MORE. */
  readonly address: number;
  /** Exactly one of `stattribFlag`, ERROR excepted. */
  readonly flags: number;
  /** Values behind the record, one byte each; present exactly with MORE. */
  readonly count?: number;
}

/** s390x pages are 4 KiB. */
const word = flaggedWord(4096);
const known: readonly number[] = [stattribFlag.eos, stattribFlag.more, stattribFlag.done];

/** Without the values behind it. `bad-payload` for flags that QEMU refuses. */
export const stattribRecord: Codec<StattribRecord> = {
  decode(window) {
    const depth = window.enter('storage attributes record');
    const offset = window.position;
    const { address, flags } = word.decode(window);
    if (!known.includes(flags)) {
      const what =
        flags === stattribFlag.error ? 'storage attributes data is incomplete' : 'unexpected storage attribute flags';
      throw window.fail('bad-payload', `${what} (0x${flags.toString(16)})`, { offset });
    }
    const record = { address, flags, ...(flags === stattribFlag.more ? { count: be64.decode(window) } : {}) };
    window.leave(depth);
    return record;
  },
  encode(emitter, { address, flags, count }) {
    if (!known.includes(flags) || (flags === stattribFlag.more) !== (count !== undefined)) {
      throw cannotEncode(
        `no storage attributes record has the flags 0x${flags.toString(16)} ${count === undefined ? 'without' : 'with'} a count`,
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
export const walkStattrib: Walk = async function* (cursor) {
  for (;;) {
    await cursor.fill(stattribRecord.maxSize);
    const { flags, count = 0 } = stattribRecord.decode(cursor);
    yield;
    yield* passBody(cursor, count, 'storage attributes');
    if (flags === stattribFlag.eos) return;
  }
};
