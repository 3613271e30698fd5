// Payloads that delimit themselves, as lists of records and bodies: what a QEMU could have written, and what is odd but
// readable.
import fc from 'fast-check';
import {
  blockMigrationBody,
  blockMigrationFlag,
  blockMigrationRecord,
  type BlockMigrationRecord,
} from '../../../src/wire/block-migration.js';
import { dirtyBitmapChunk, dirtyBitmapFlag, type DirtyBitmapChunk } from '../../../src/wire/dirty-bitmap.js';
import { encodeBytes, type Codec, type ValueOf } from '../../../src/wire/kit/codec.js';
import { skeysFlag, skeysRecord } from '../../../src/wire/s390-skeys.js';
import { stattribFlag, stattribRecord } from '../../../src/wire/s390-stattrib.js';
import { HTAB_CHUNKS, HTAB_NONE, htabChunk, htabHeader, type HtabChunk } from '../../../src/wire/spapr-htab.js';
import { todclock } from '../../../src/wire/todclock.js';
import { vfioRecord, type VfioTag } from '../../../src/wire/vfio.js';
import { bytes, latin1, record, u16, u32, u53, u64, u8 } from './primitives.js';

const join = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
const encodeAll = <T>(codec: Codec<T>, records: readonly T[]): Uint8Array =>
  join(records.map((one) => encodeBytes(codec, one)));
const aligned = (unit: number): fc.Arbitrary<number> => u53.map((value) => value - (value % unit));

export const blockMigrationRecords: fc.Arbitrary<BlockMigrationRecord> = record({
  address: aligned(512),
  flags: fc.integer({ min: 1, max: 511 }).filter((flags) => (flags & 7) !== 0),
  name: latin1(255),
}).map(({ address, flags, name }) => ({
  address,
  flags,
  ...((flags & blockMigrationFlag.deviceBlock) === 0 ? {} : { device: name }),
}));

/** One data chunk at most: they are 1 MiB each. */
export const blockMigrationPayload: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.array(blockMigrationRecords, { maxLength: 6 }), fc.boolean(), u8)
  .map(([records, withData, fill]) => {
    const quiet = records
      .map((one) => ({ ...one, flags: (one.flags | blockMigrationFlag.zeroBlock) & ~blockMigrationFlag.eos }))
      .filter(({ flags }) => (flags & 5) !== 0);
    const data: BlockMigrationRecord = {
      address: 0x20_0000,
      flags: blockMigrationFlag.deviceBlock,
      device: 'ide0-hd0',
    };
    const body = withData
      ? [encodeBytes(blockMigrationRecord, data), new Uint8Array(blockMigrationBody(data)).fill(fill)]
      : [];
    return join([
      encodeAll(blockMigrationRecord, quiet),
      ...body,
      encodeBytes(blockMigrationRecord, { address: 0, flags: blockMigrationFlag.eos }),
    ]);
  });

export const stattribRecords: fc.Arbitrary<ValueOf<typeof stattribRecord>> = record({
  address: aligned(4096),
  flags: fc.constantFrom(stattribFlag.eos, stattribFlag.more, stattribFlag.done),
  count: u53,
}).map(({ address, flags, count }) => ({ address, flags, ...(flags === stattribFlag.more ? { count } : {}) }));

export const skeysRecords: fc.Arbitrary<ValueOf<typeof skeysRecord>> = record({
  address: aligned(4096),
  flags: fc.constantFrom(...Object.values(skeysFlag)),
  count: u53,
}).map(({ address, flags, count }) => ({
  address,
  flags,
  ...(flags === skeysFlag.skeys ? { count } : {}),
}));

const valueBlocks = fc.array(fc.tuple(aligned(4096), bytes(300)), { maxLength: 5 });

export const stattribPayload: fc.Arbitrary<Uint8Array> = fc
  .tuple(valueBlocks, fc.boolean())
  .map(([blocks, done]) =>
    join([
      ...blocks.flatMap(([address, values]) => [
        encodeBytes(stattribRecord, { address, flags: stattribFlag.more, count: values.length }),
        values,
      ]),
      ...(done ? [encodeBytes(stattribRecord, { address: 0, flags: stattribFlag.done })] : []),
      encodeBytes(stattribRecord, { address: 0, flags: stattribFlag.eos }),
    ]),
  );

export const skeysPayload: fc.Arbitrary<Uint8Array> = fc
  .tuple(valueBlocks, fc.constantFrom(skeysFlag.eos, skeysFlag.error))
  .map(([blocks, end]) =>
    join([
      ...blocks.flatMap(([address, keys]) => [
        encodeBytes(skeysRecord, { address, flags: skeysFlag.skeys, count: keys.length }),
        keys,
      ]),
      encodeBytes(skeysRecord, { address: 0, flags: end }),
    ]),
  );

export const todclocks: fc.Arbitrary<ValueOf<typeof todclock>> = fc.oneof(
  fc.constant({ presence: 0 }),
  record({
    presence: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 255 })),
    clock: record({ high: u8, low: u64 }),
  }),
);

export const todclockPayload: fc.Arbitrary<Uint8Array> = todclocks.map((one) => encodeBytes(todclock, one));

export const htabChunks: fc.Arbitrary<HtabChunk> = record({ index: u32, valid: u16, invalid: u16 });

export const htabStart: fc.Arbitrary<Uint8Array> = fc
  .oneof(fc.integer({ min: 18, max: 46 }), fc.constant(HTAB_NONE))
  .map((shift) => encodeBytes(htabHeader, { shift }));

export const htabPart: fc.Arbitrary<Uint8Array> = fc
  .array(record({ index: u32, valid: fc.integer({ min: 0, max: 9 }), invalid: u16, fill: u8 }), { maxLength: 5 })
  .map((chunks) =>
    join([
      encodeBytes(htabHeader, { shift: HTAB_CHUNKS }),
      ...chunks
        .filter(({ index, valid, invalid }) => index + valid + invalid > 0)
        .flatMap((chunk) => [encodeBytes(htabChunk, chunk), new Uint8Array(16 * chunk.valid).fill(chunk.fill)]),
      encodeBytes(htabChunk, { index: 0, valid: 0, invalid: 0 }),
    ]),
  );

export const vfioRecords: fc.Arbitrary<ValueOf<typeof vfioRecord>> = fc.oneof(
  fc
    .constantFrom<VfioTag>('endOfState', 'deviceConfigState', 'deviceSetupState', 'initDataSent', 'configLoadReady')
    .map((tag) => ({ tag })),
  u53.map((size) => ({ tag: 'deviceDataState' as const, size })),
);

export const vfioData: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.array(bytes(300), { maxLength: 4 }), fc.constantFrom<VfioTag>('endOfState', 'initDataSent'))
  .map(([blocks, end]) =>
    join([
      ...blocks.flatMap((data) => [encodeBytes(vfioRecord, { tag: 'deviceDataState', size: data.length }), data]),
      encodeBytes(vfioRecord, { tag: end }),
    ]),
  );

export const vfioSetup: fc.Arbitrary<Uint8Array> = fc.constantFrom(
  encodeAll(vfioRecord, [{ tag: 'deviceSetupState' }, { tag: 'endOfState' }]),
  encodeAll(vfioRecord, [{ tag: 'configLoadReady' }]),
);

/** Configurations full of what their end looks like, but for the end itself. */
export const vfioConfig: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      bytes(40),
      fc.constantFrom(
        Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xef, 0x10, 0),
        Uint8Array.of(0xff, 0xff),
        Uint8Array.of(0x7e, 0, 0, 0, 9),
      ),
    ),
    { maxLength: 6 },
  )
  .map((parts) =>
    join([
      encodeBytes(vfioRecord, { tag: 'deviceConfigState' }),
      ...parts,
      Uint8Array.of(0),
      encodeBytes(vfioRecord, { tag: 'endOfState' }),
    ]),
  );

/** Flags of one byte mostly, of two and four at times; parts as the flags say. */
export const dirtyBitmapChunks: fc.Arbitrary<DirtyBitmapChunk> = record({
  low: fc.integer({ min: 0, max: 0x7f }),
  width: fc.constantFrom(1, 1, 1, 1, 2, 4),
  high: u32,
  device: latin1(255),
  bitmap: latin1(255),
  start: record({
    granularity: fc.integer({ min: 0, max: 31 }).map((bits) => 2 ** bits),
    flags: fc.integer({ min: 0, max: 7 }),
  }),
  bits: record({ startSector: u53, sectors: u32, data: bytes(200) }),
}).map(({ low, width, high, device, bitmap, start, bits: { data, ...range } }) => {
  const body =
    low & dirtyBitmapFlag.start
      ? 'start'
      : low & dirtyBitmapFlag.complete
        ? 'complete'
        : low & dirtyBitmapFlag.bits
          ? 'bits'
          : 'nothing';
  return {
    flags:
      width === 1
        ? low
        : width === 2
          ? 0x8000 + (high % 0x80) * 0x100 + low
          : (0x8080 + ((high >>> 8) & 0x7f7f)) * 0x1_0000 + (high & 0xff) * 0x100 + low,
    ...(low & dirtyBitmapFlag.deviceName ? { device } : {}),
    ...(low & dirtyBitmapFlag.bitmapName ? { bitmap } : {}),
    ...(body === 'start' ? { start } : {}),
    ...(body === 'bits' ? { bits: { ...range, ...(low & dirtyBitmapFlag.zeroes ? {} : { data }) } } : {}),
  };
});

export const dirtyBitmapPayload: fc.Arbitrary<Uint8Array> = fc
  .array(dirtyBitmapChunks, { maxLength: 6 })
  .map((chunks) =>
    encodeAll(dirtyBitmapChunk, [
      ...chunks.filter(({ flags }) => (flags & dirtyBitmapFlag.eos) === 0),
      { flags: dirtyBitmapFlag.eos },
    ]),
  );
