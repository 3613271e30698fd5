// Section "block": disk contents beside the state, 1 MiB at a time. QEMU: blk_send(), blk_mig_save_bulked_block() and
// block_load(), migration/block.c (removed in 9.1).

import { cannotEncode } from '../bytes/emitter.js';
import { flaggedWord } from './flagged-word.js';
import { counted, type Codec } from './kit/codec.js';
import { passBody, type Walk } from './walk.js';

export const BLOCK_MIGRATION_IDSTR = 'block';

export const blockMigrationFlag = {
  /** A device name follows, then a chunk of data unless ZERO_BLOCK is set too. */
  deviceBlock: 0x01,
  eos: 0x02,
  progress: 0x04,
  zeroBlock: 0x08,
} as const;

/** BLK_MIG_BLOCK_SIZE: always sent whole, also where the device ends inside. */
export const BLOCK_MIGRATION_CHUNK = 0x10_0000;
/** BDRV_SECTOR_SIZE: flags are what is below it. */
const SECTOR = 512;

export interface BlockMigrationRecord {
  /** Byte offset on the device; for PROGRESS the percentage times 512. */
  readonly address: number;
  /** As they stand; QEMU tests DEVICE_BLOCK first, then PROGRESS, and ignores bits that it does not know. */
  readonly flags: number;
  /** Present exactly with DEVICE_BLOCK. */
  readonly device?: string;
}

const word = flaggedWord(SECTOR);

/** Without the chunk of data behind it. `bad-payload` for flags that QEMU refuses. */
export const blockMigrationRecord: Codec<BlockMigrationRecord> = {
  decode(window) {
    const depth = window.enter('block migration record');
    const offset = window.position;
    const { address, flags } = word.decode(window);
    if ((flags & (blockMigrationFlag.deviceBlock | blockMigrationFlag.progress | blockMigrationFlag.eos)) === 0) {
      throw window.fail('bad-payload', `unknown block migration flags 0x${flags.toString(16)}`, { offset });
    }
    const record = { address, flags, ...(named(flags) ? { device: counted.decode(window) } : {}) };
    window.leave(depth);
    return record;
  },
  encode(emitter, { address, flags, device }) {
    if (named(flags) !== (device !== undefined))
      throw cannotEncode('a device name goes with DEVICE_BLOCK, and only with it');
    word.encode(emitter, { address, flags });
    if (device !== undefined) counted.encode(emitter, device);
  },
  size: ({ device }) => 8 + (device === undefined ? 0 : counted.size(device)),
  maxSize: 8 + counted.maxSize,
  describe: () => `${word.describe()}, [device: cstr8]`,
};

function named(flags: number): boolean {
  return (flags & blockMigrationFlag.deviceBlock) !== 0;
}

/** Bytes of data behind the record. */
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
