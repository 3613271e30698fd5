// Payloads that say themselves where they end, inside a stream: whatever bytes they hold, they are read to an end or to
// one typed error, the same for every window; and a dirty-bitmap that was written is read chunk by chunk to its EOS.
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { memorySource } from '../../src/bytes/source.js';
import { payloadWalkers } from '../../src/open/payload-walkers.js';
import {
  dirtyBitmapChunk,
  dirtyBitmapFlag,
  DIRTY_BITMAP_IDSTR,
  type DirtyBitmapChunk,
} from '../../src/wire/dirty-bitmap.js';
import { encodeBytes } from '../../src/wire/kit/codec.js';
import type { SectionKind } from '../../src/wire/section.js';
import { bytes, latin1, record, u8 } from '../support/arbitraries/primitives.js';
import { difference, readItems, type Reading } from '../support/items.js';
import { cases } from '../support/seed.js';
import { chunkedSource } from '../support/sources.js';
import { writeModel, type ModelItem, type Written } from '../support/write-model.js';

function stream(
  idstr: string,
  parts: readonly { type: SectionKind; payload: Uint8Array }[],
  versionId: number,
): Promise<Written> {
  const model: ModelItem[] = [
    { kind: 'header' },
    { kind: 'configuration', configuration: { machine: 'pc', subsections: [] } },
  ];
  for (const { type, payload } of parts) {
    const whole = type === 'start' || type === 'full';
    const section = { sectionId: 5, idstr: whole ? idstr : '', instanceId: 0, versionId: whole ? versionId : 0 };
    model.push(
      { kind: 'section-open', type, section },
      { kind: 'payload', bytes: payload },
      { kind: 'section-close', footer: true },
    );
  }
  return writeModel([...model, { kind: 'eof' }], 4096);
}

/** Few different bytes, so that flags, counts and lengths are small often enough to mean something. */
const lively = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(0, 1, 2, 4, 8, 0x10, 0x20, 0x40, 0x7e, 0x80, 0xff) },
      { weight: 1, arbitrary: u8 },
    ),
    { maxLength: 120 },
  )
  .map((list) => Uint8Array.from(list));

test.each([...payloadWalkers.keys()])('%s: any bytes, any window', async (idstr) => {
  await fc.assert(
    fc.asyncProperty(
      lively,
      lively,
      fc.constantFrom(0, 1, 2, 3),
      fc.constantFrom<SectionKind>('start', 'full'),
      async (first, second, versionId, type) => {
        const { bytes: raw } = await stream(
          idstr,
          [{ type, payload: first }, ...(type === 'start' ? [{ type: 'part' as const, payload: second }] : [])],
          versionId,
        );
        const file = await readItems(memorySource(raw));
        const pipe = await readItems(chunkedSource(raw, [1000]));
        for (const [source, one] of [
          [memorySource(raw), file],
          [chunkedSource(raw, [1]), pipe],
          [chunkedSource(raw, [7, 50]), pipe],
        ] as const) {
          const other = await readItems(source, { slabSize: 50, poison: true });
          const facts = (reading: Reading): unknown => [reading.failure, reading.boundaries];
          expect(facts(other)).toEqual(facts(one));
          if (one.failure === undefined) expect(isDeepStrictEqual(other.items, one.items)).toBe(true);
        }
        if (file.failure?.code === 'truncated') expect(file.failure.offset).toBe(raw.length);
      },
    ),
    cases(250),
  );
});

/** EOS alone ends a payload; START before COMPLETE before BITS. */
const bitmapChunk: fc.Arbitrary<DirtyBitmapChunk> = record({
  device: fc.option(latin1(255), { nil: undefined }),
  bitmap: fc.option(latin1(255), { nil: undefined }),
  body: fc.constantFrom('start' as const, 'complete' as const, 'bits' as const, 'zeroes' as const),
  granularity: fc.integer({ min: 0, max: 31 }).map((bits) => 2 ** bits),
  startFlags: fc.integer({ min: 0, max: 7 }),
  sectors: fc.integer({ min: 1, max: 1 << 20 }),
  data: bytes(300, 1),
}).map(({ device, bitmap, body, granularity, startFlags, sectors, data }) => {
  const flags =
    (device === undefined ? 0 : dirtyBitmapFlag.deviceName) |
    (bitmap === undefined ? 0 : dirtyBitmapFlag.bitmapName) |
    {
      start: dirtyBitmapFlag.start,
      complete: dirtyBitmapFlag.complete,
      bits: dirtyBitmapFlag.bits,
      zeroes: dirtyBitmapFlag.bits | dirtyBitmapFlag.zeroes,
    }[body];
  return {
    flags,
    ...(device === undefined ? {} : { device }),
    ...(bitmap === undefined ? {} : { bitmap }),
    ...(body === 'start' ? { start: { granularity, flags: startFlags } } : {}),
    ...(body === 'bits'
      ? { bits: { startSector: 0, sectors, data } }
      : body === 'zeroes'
        ? { bits: { startSector: 0, sectors } }
        : {}),
  };
});

test('a dirty-bitmap that was written is read to its end', async () => {
  const payload = fc
    .array(bitmapChunk, { maxLength: 6 })
    .map((chunks) =>
      Uint8Array.from(
        Buffer.concat([...chunks, { flags: dirtyBitmapFlag.eos }].map((chunk) => encodeBytes(dirtyBitmapChunk, chunk))),
      ),
    );
  await fc.assert(
    fc.asyncProperty(payload, payload, async (start, end) => {
      const written = await stream(
        DIRTY_BITMAP_IDSTR,
        [
          { type: 'start', payload: start },
          { type: 'end', payload: end },
        ],
        1,
      );
      const reading = await readItems(memorySource(written.bytes), { slabSize: 40, poison: true });
      expect(reading.failure).toBeUndefined();
      expect(reading.boundaries).toEqual([`${DIRTY_BITMAP_IDSTR} decoder`, `${DIRTY_BITMAP_IDSTR} decoder`]);
      expect(difference(reading.items, written.items)).toBeUndefined();
    }),
    cases(300),
  );
});
