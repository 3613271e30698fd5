// Section "block": disk contents beside the state, 1 MiB at a time. QEMU: blk_send(), blk_mig_save_bulked_block() and
// block_load(), migration/block.c (removed in 9.1).

import { flaggedWord, type FlaggedWord } from './flagged-word.js';
import { counted, type ValueOf } from './kit/codec.js';
import { checked } from './kit/combine.js';
import { record, when } from './kit/record.js';
import { passBody, type Walk } from './walk.js';

export const BLOCK_MIGRATION_IDSTR = 'block';

export const blockMigrationFlag = {
  /** A device name follows, then a chunk of data unless ZERO_BLOCK is also set. */
  deviceBlock: 0x01,
  eos: 0x02,
  progress: 0x04,
  zeroBlock: 0x08,
} as const;

/** BLK_MIG_BLOCK_SIZE: a chunk always has this size, also where the device ends inside the chunk. */
export const BLOCK_MIGRATION_CHUNK = 0x10_0000;
/** BDRV_SECTOR_SIZE: the bits below it are flags. */
const SECTOR = 512;

/** QEMU tests DEVICE_BLOCK first, then PROGRESS, and ignores unknown bits. */
const word = checked(flaggedWord(SECTOR), 'bad-payload', ({ flags }) =>
  (flags & (blockMigrationFlag.deviceBlock | blockMigrationFlag.progress | blockMigrationFlag.eos)) !== 0
    ? undefined
    : `unknown block migration flags 0x${flags.toString(16)}`,
);

/**
 * A record without the chunk of data after it. `address`: byte offset on the device; for PROGRESS the percentage times
 * 512. Decoding throws `bad-payload` for flags that QEMU refuses.
 */
export const blockMigrationRecord = record(
  'block migration record',
  { device: when(({ flags }: FlaggedWord) => named(flags), counted) },
  word,
);

export type BlockMigrationRecord = ValueOf<typeof blockMigrationRecord>;

function named(flags: number): boolean {
  return (flags & blockMigrationFlag.deviceBlock) !== 0;
}

/** Bytes of data after the record. */
export function blockMigrationBody({ flags }: BlockMigrationRecord): number {
  return named(flags) && (flags & blockMigrationFlag.zeroBlock) === 0 ? BLOCK_MIGRATION_CHUNK : 0;
}

/** @throws MigrationStreamError `bad-payload`, `address-too-large`, `truncated` */
export const walkBlockMigration: Walk = async function* (cursor) {
  for (;;) {
    await cursor.fill(blockMigrationRecord.maxSize);
    const record = blockMigrationRecord.decode(cursor);
    yield;
    yield* passBody(cursor, blockMigrationBody(record), 'block of a disk');
    if ((record.flags & blockMigrationFlag.eos) !== 0) return;
  }
};
