// Walkers and the records they are made of: both directions, any window, every prefix, and the bytes that QEMU refuses.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { MigrationStreamError } from '../../../src/base/errors.js';
import { Cursor } from '../../../src/bytes/cursor.js';
import { memorySource } from '../../../src/bytes/source.js';
import { Window } from '../../../src/bytes/window.js';
import { payloadWalkers } from '../../../src/open/payload-walkers.js';
import { blockMigrationRecord } from '../../../src/wire/block-migration.js';
import { dirtyBitmapChunk } from '../../../src/wire/dirty-bitmap.js';
import { encodeBytes, type Codec } from '../../../src/wire/kit/codec.js';
import { skeysRecord } from '../../../src/wire/s390-skeys.js';
import { stattribRecord } from '../../../src/wire/s390-stattrib.js';
import type { SectionKind } from '../../../src/wire/section.js';
import { htabChunk } from '../../../src/wire/spapr-htab.js';
import { todclock } from '../../../src/wire/todclock.js';
import { vfioRecord } from '../../../src/wire/vfio.js';
import * as draw from '../../support/arbitraries/payloads.js';
import { bytes } from '../../support/arbitraries/primitives.js';
import { cases } from '../../support/seed.js';

const SECTION_ID = 0x0102_0304;
/** The footer that stands behind a payload, and the EOF byte. */
const BEHIND = Uint8Array.of(0x7e, 1, 2, 3, 4, 0);

interface Walked {
  readonly chunks: Uint8Array;
  readonly steps: number;
  readonly end: number;
}

/** As the grammar does it: bytes between two yields are one chunk, taken before the walker goes on. */
async function walk(idstr: string, type: SectionKind, input: Uint8Array, slabSize: number): Promise<Walked> {
  const cursor = new Cursor(memorySource(input), { slabSize, poison: true });
  const section = { sectionId: SECTION_ID, idstr, instanceId: 0, versionId: 1 };
  const chunks: Uint8Array[] = [];
  let start = cursor.position;
  let steps = 0;
  const take = (): void => {
    chunks.push(cursor.bytes.slice(start - cursor.base, cursor.at));
    start = cursor.position;
    steps += 1;
  };
  for await (const _ of payloadWalkers.get(idstr)!(cursor, section, type)) take();
  take();
  return { chunks: Buffer.concat(chunks), steps, end: cursor.position };
}

async function failure(
  idstr: string,
  type: SectionKind,
  input: Uint8Array,
  slabSize = 7,
): Promise<MigrationStreamError> {
  const error: unknown = await walk(idstr, type, input, slabSize).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MigrationStreamError);
  return error as MigrationStreamError;
}

const payloads: readonly [string, SectionKind, fc.Arbitrary<Uint8Array>][] = [
  ['dirty-bitmap', 'part', draw.dirtyBitmapPayload],
  ['spapr/htab', 'start', draw.htabStart],
  ['spapr/htab', 'part', draw.htabPart],
  ['spapr/htab', 'end', draw.htabPart],
  ['s390-storage_attributes', 'part', draw.stattribPayload],
  ['s390-skeys', 'full', draw.skeysPayload],
  ['todclock', 'full', draw.todclockPayload],
  ['vfio', 'start', draw.vfioSetup],
  ['vfio', 'part', draw.vfioData],
  ['vfio', 'full', draw.vfioConfig],
];

describe.each(payloads)('%s, %s', (idstr, type, payload) => {
  test('ends where it ends, whatever the window', () =>
    fc.assert(
      fc.asyncProperty(
        payload,
        fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(100_000)),
        async (body, slabSize) => {
          const walked = await walk(idstr, type, Buffer.concat([body, BEHIND]), slabSize);
          expect(walked.end).toBe(body.length);
          expect(Buffer.compare(walked.chunks, body)).toBe(0);
        },
      ),
      cases(150),
    ));

  test('every prefix is truncated where it ends', () =>
    fc.assert(
      fc.asyncProperty(payload, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), async (body, at) => {
        const cut = Math.floor(body.length * at);
        expect(await failure(idstr, type, body.subarray(0, cut))).toMatchObject({ code: 'truncated', offset: cut });
      }),
      cases(150),
    ));

  test('any bytes: an end, or one typed error', () =>
    fc.assert(
      fc.asyncProperty(
        payload,
        fc.nat(),
        fc.nat(255),
        fc.integer({ min: 1, max: 40 }),
        async (body, at, byte, slabSize) => {
          const damaged = Uint8Array.from(body);
          if (damaged.length > 0) damaged[at % damaged.length] = byte;
          try {
            const walked = await walk(idstr, type, Buffer.concat([damaged, BEHIND]), slabSize);
            expect(walked.end).toBeLessThanOrEqual(damaged.length + BEHIND.length);
          } catch (error) {
            expect(error).toBeInstanceOf(MigrationStreamError);
            expect(['bad-payload', 'truncated', 'address-too-large']).toContain((error as MigrationStreamError).code);
          }
        },
      ),
      cases(150),
    ));
});

test('block: ends where it ends, and its prefixes are truncated', () =>
  fc.assert(
    fc.asyncProperty(
      draw.blockMigrationPayload,
      fc.integer({ min: 1000, max: 70_000 }),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      async (body, slabSize, at) => {
        const walked = await walk('block', 'part', Buffer.concat([body, BEHIND]), slabSize);
        expect(Buffer.compare(walked.chunks, body)).toBe(0);
        const cut = Math.floor(body.length * at);
        expect(await failure('block', 'part', body.subarray(0, cut), slabSize)).toMatchObject({
          code: 'truncated',
          offset: cut,
        });
      },
    ),
    cases(25),
  ));

describe.each([
  ['block', blockMigrationRecord, draw.blockMigrationRecords],
  ['dirty-bitmap', dirtyBitmapChunk, draw.dirtyBitmapChunks],
  ['htab chunk', htabChunk, draw.htabChunks],
  ['stattrib', stattribRecord, draw.stattribRecords],
  ['skeys', skeysRecord, draw.skeysRecords],
  ['todclock', todclock, draw.todclocks],
  ['vfio', vfioRecord, draw.vfioRecords],
] as unknown as [string, Codec<unknown>, fc.Arbitrary<unknown>][])('record of %s', (_name, codec, values) => {
  test('value -> bytes -> value', () =>
    fc.assert(
      fc.property(values, bytes(8), (value, behind) => {
        const encoded = encodeBytes(codec, value);
        expect(encoded.length).toBe(codec.size(value));
        expect(encoded.length).toBeLessThanOrEqual(codec.maxSize);
        const window = Window.over(Uint8Array.from([...encoded, ...behind]), 50);
        expect(codec.decode(window)).toEqual(value);
        expect(window.position).toBe(50 + encoded.length);
        expect(window.path).toEqual([]);
      }),
      cases(300),
    ));
  test('bytes -> value -> bytes', () =>
    fc.assert(
      fc.property(bytes(40), (raw) => {
        const window = Window.over(raw);
        let value: unknown;
        try {
          value = codec.decode(window);
        } catch (error) {
          expect(error).toBeInstanceOf(MigrationStreamError);
          return;
        }
        expect(Buffer.compare(encodeBytes(codec, value), raw.subarray(0, window.at))).toBe(0);
      }),
      cases(300),
    ));
});

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('bytes of real ones', () => {
  it('dirty-bitmap START as QEMU 4.0 to 11.1 write it', async () => {
    const body = hex('1c 08 696465302d686430 03 626d30 00010000 01 01');
    expect(dirtyBitmapChunk.decode(Window.over(body))).toEqual({
      flags: 0x1c,
      device: 'ide0-hd0',
      bitmap: 'bm0',
      start: { granularity: 0x1_0000, flags: 1 },
    });
    expect((await walk('dirty-bitmap', 'start', Buffer.concat([body, BEHIND]), 3)).end).toBe(body.length);
  });

  it('a bitmap that is all clear has no data', () => {
    expect(dirtyBitmapChunk.decode(Window.over(hex('42 0000000000000000 00001000')))).toEqual({
      flags: 0x42,
      bits: { startSector: 0, sectors: 0x1000 },
    });
  });
});

describe('what QEMU refuses', () => {
  it.each([
    ['dirty-bitmap', 'start', '10 00010000 09', 5, /unknown flags .* 0x9$/],
    ['dirty-bitmap', 'start', '10 00000003 01', 1, /granularity 3 /],
    ['dirty-bitmap', 'part', '40 0000000000000000 00000001 0000000000002801', 13, /of 10241 bytes$/],
    ['spapr/htab', 'start', '00000011', 0, /2\^17 bytes/],
    ['spapr/htab', 'part', '00000018', 0, /outside START/],
    ['s390-storage_attributes', 'part', '0000000000000004', 0, /incomplete/],
    ['s390-storage_attributes', 'part', '0000000000000003', 0, /unexpected/],
    ['s390-skeys', 'full', '0000000000000008', 0, /unexpected storage key flags 0x8$/],
    ['vfio', 'part', 'ffffffffef100007', 0, /unknown vfio tag 0xffffffffef100007$/],
    ['vfio', 'start', 'ffffffffef100003 ffffffffef100003', 8, /followed by deviceSetupState/],
    ['block', 'part', '0000000000000008', 0, /flags 0x8$/],
  ] as const)('%s, %s: %s', async (idstr, type, body, offset, message) => {
    for (const slabSize of [1, 1000]) {
      expect(await failure(idstr, type, Buffer.concat([hex(body), new Uint8Array(40)]), slabSize)).toMatchObject({
        code: 'bad-payload',
        offset,
        message: expect.stringMatching(message) as string,
      });
    }
  });
});

describe('vfio configuration', () => {
  const config = (behind: string): Uint8Array => hex(`ffffffffef100002 aabb ffffffffef100001 ${behind}`);

  it('is not ended by the tag alone, when another footer follows', async () => {
    const input = config('7e 00000009 ffffffffef100001 7e01020304 00');
    expect((await walk('vfio', 'full', input, 5)).end).toBe(input.length - 6);
  });

  it('ends in front of the next section in a stream without footers', async () => {
    expect((await walk('vfio', 'full', config('04 0000000a'), 5)).end).toBe(18);
  });
});

it('a long run of small dirty-bitmap chunks is passed in few steps', async () => {
  const chunks = Buffer.alloc(60_000, hex('42 0000000000000000 00001000'));
  const { steps } = await walk(
    'dirty-bitmap',
    'end',
    Buffer.concat([chunks.subarray(0, 13 * 4000), Uint8Array.of(1), BEHIND]),
    1 << 20,
  );
  expect(steps).toBeLessThan(20);
});
