// Property 1, records: decode(encode(x)) = x, encode(decode(b)) = b, size(x) is the encoded length and never above
// maxSize, and every strict prefix is `truncated` where it ends.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MigrationStreamError } from '../../src/base/errors.js';
import { Window } from '../../src/bytes/window.js';
import { configurationSection } from '../../src/wire/configuration.js';
import { layouts } from '../../src/wire/dialect.js';
import {
  be16,
  be32,
  be64,
  be64big,
  bytesOf,
  counted,
  encodeBytes,
  u8 as byte,
  type Codec,
} from '../../src/wire/kit/codec.js';
import { pageHeader, type PageHeader } from '../../src/wire/page-header.js';
import { ramBlockEntry } from '../../src/wire/ram-block.js';
import { ramFlag, recordFlags } from '../../src/wire/ram-flags.js';
import { configuration } from '../support/arbitraries/configuration.js';
import { bytes, latin1, pageSize, record, u16, u32, u53, u64, u8 } from '../support/arbitraries/primitives.js';
import { anyEntry, anyLayout } from '../support/arbitraries/ram-block.js';
import { fieldRecords, type CodecCase } from '../support/arbitraries/section.js';
import { cases } from '../support/seed.js';

/**
 * Both directions of one value; `behind` stands after it and must not be touched. `cuts` false: its end is optional.
 */
function roundTrip<T>(codec: Codec<T>, value: T, behind: Uint8Array = new Uint8Array(0), cuts = true): void {
  const encoded = encodeBytes(codec, value);
  expect(encoded.length).toBe(codec.size(value));
  expect(encoded.length).toBeLessThanOrEqual(codec.maxSize);
  const window = Window.over(Uint8Array.from([...encoded, ...behind]), 1000);
  expect(codec.decode(window)).toEqual(value);
  expect(window.position).toBe(1000 + encoded.length);
  expect(window.path).toEqual([]);
  // Within a record every cut says where the bytes end.
  for (const cut of new Set([0, 1, encoded.length >> 1, encoded.length - 1])) {
    if (!cuts || cut < 0 || cut >= encoded.length) continue;
    const short = Window.over(encoded.subarray(0, cut), 1000);
    expect(() => codec.decode(short)).toThrow(
      expect.objectContaining({ code: 'truncated', offset: 1000 + cut }) as Error,
    );
  }
}

/** Arbitrary bytes: what can be decoded encodes to the same bytes; what cannot fails typed. */
function thereAndBack<T>(codec: Codec<T>, raw: Uint8Array): void {
  const window = Window.over(raw);
  let value: T;
  try {
    value = codec.decode(window);
  } catch (error) {
    expect(error).toBeInstanceOf(MigrationStreamError);
    return;
  }
  expect(Buffer.compare(encodeBytes(codec, value), raw.subarray(0, window.at))).toBe(0);
}

const scalars: readonly CodecCase<never>[] = [
  { name: 'u8', codec: byte, value: u8 },
  { name: 'be16', codec: be16, value: u16 },
  { name: 'be32', codec: be32, value: u32 },
  { name: 'be64', codec: be64, value: u53 },
  { name: 'be64big', codec: be64big, value: u64 },
  { name: 'cstr8', codec: counted, value: latin1(255) },
  { name: '16 bytes', codec: bytesOf(16), value: bytes(16, 16) },
] as unknown as CodecCase<never>[];

describe.each([...scalars, ...(fieldRecords as unknown as CodecCase<never>[])])('$name', ({ codec, value }) => {
  test('value -> bytes -> value', () =>
    fc.assert(
      fc.property(value, bytes(8), (one, behind) => roundTrip(codec, one, behind)),
      cases(400),
    ));
  test('bytes -> value -> bytes', () =>
    fc.assert(
      fc.property(bytes(codec.maxSize + 4), (raw) => thereAndBack(codec, raw)),
      cases(400),
    ));
});

describe('configuration', () => {
  /** START of "ram": what can follow. */
  const next = Uint8Array.from([1, 0, 0, 0, 2, 3, 0x72, 0x61, 0x6d, 0, 0, 0, 0, 0, 0, 0, 4]);
  test('known subsections', () =>
    fc.assert(
      fc.property(configuration(false), (one) => roundTrip(configurationSection, one, undefined, false)),
      cases(300),
    ));
  test('with unknown subsections, in front of a section', () =>
    fc.assert(
      fc.property(configuration(true), (one) => {
        const encoded = encodeBytes(configurationSection, one);
        expect(encoded.length).toBe(configurationSection.size(one));
        const window = Window.over(Uint8Array.from([...encoded, ...next]));
        expect(configurationSection.decode(window)).toEqual(one);
        expect(window.at).toBe(encoded.length);
      }),
      cases(300),
    ));
  test('bytes -> value -> bytes', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          bytes(60),
          bytes(60).map((raw) => Uint8Array.from([0, 0, 0, 1, 0x70, ...raw])),
        ),
        (raw) => thereAndBack(configurationSection, raw),
      ),
      cases(400),
    ));
});

describe('block list entry', () => {
  const layoutAndPage = fc.tuple(anyLayout, pageSize);
  test('value -> bytes -> value', () =>
    fc.assert(
      fc.property(
        layoutAndPage.chain(([layout, size]) => anyEntry(layout, size).map((entry) => ({ layout, size, entry }))),
        ({ layout, size, entry }) => {
          const codec = ramBlockEntry(layout, size);
          // A page size is told from what follows: something with a name must.
          if (layout.postcopyPageSize && entry.pageSize === undefined) {
            const encoded = encodeBytes(codec, entry);
            const window = Window.over(Uint8Array.from([...encoded, 1, 0x61]));
            expect(codec.decode(window)).toEqual(entry);
            expect(window.at).toBe(encoded.length);
          } else roundTrip(codec, entry, undefined, entry.pageSize === undefined);
        },
      ),
      cases(1500),
    ));
  test('bytes -> value -> bytes', () =>
    fc.assert(
      fc.property(layoutAndPage, bytes(320), ([layout, size], raw) => thereAndBack(ramBlockEntry(layout, size), raw)),
      cases(800),
    ));
  test('what a layout lacks or needs', () => {
    expect(() =>
      encodeBytes(ramBlockEntry(layouts['ignore-shared-4.1'], 4096), { idstr: 'a', usedLength: 4096 }),
    ).toThrow(/needs "gpa"/);
    for (const wrong of [0, 1, 4096, 0x3000, 2 ** 53]) {
      expect(() =>
        encodeBytes(ramBlockEntry(layouts.postcopy, 4096), { idstr: 'a', usedLength: 4096, pageSize: wrong }),
      ).toThrow(MigrationStreamError);
    }
  });
});

describe('page header', () => {
  const header = pageSize.chain((size) =>
    record({
      size: fc.constant(size),
      page: u53,
      kind: fc.constantFrom(...recordFlags.filter((flag) => flag < size)),
      continued: fc.boolean(),
      idstr: latin1(255),
    }),
  );
  test('value -> bytes -> value', () =>
    fc.assert(
      fc.property(header, ({ size, page, kind, continued, idstr }) => {
        const named =
          !continued &&
          [ramFlag.zero, ramFlag.page, ramFlag.xbzrle, ramFlag.compressPage].some((flag) => flag === kind);
        const value: PageHeader = {
          address: page - (page % size),
          flags: kind | (continued ? ramFlag.continue : 0),
          ...(named ? { idstr } : {}),
        };
        roundTrip(pageHeader(size), value);
        // The mirror holds for what must not be said as well: a name too many or one too few would read as something
        // else.
        const { idstr: _, ...nameless } = value;
        const crooked = named ? nameless : { ...value, idstr: 'x' };
        expect(() => encodeBytes(pageHeader(size), crooked)).toThrow(
          expect.objectContaining({ code: 'cannot-encode' }) as Error,
        );
      }),
      cases(800),
    ));
  test('bytes -> value -> bytes', () =>
    fc.assert(
      fc.property(pageSize, bytes(270), (size, raw) => thereAndBack(pageHeader(size), raw)),
      cases(800),
    ));
});

test('values that the wire cannot say are refused, not cut', () => {
  const cannot = (run: () => unknown): void =>
    expect(run).toThrow(expect.objectContaining({ code: 'cannot-encode' }) as Error);
  cannot(() => encodeBytes(byte, 256));
  cannot(() => encodeBytes(be16, -1));
  cannot(() => encodeBytes(be32, 1.5));
  cannot(() => encodeBytes(be64, 2 ** 53));
  cannot(() => encodeBytes(be64big, 1n << 64n));
  cannot(() => encodeBytes(counted, 'x'.repeat(256)));
  cannot(() => encodeBytes(counted, 'ünïcödé\u{1f600}'));
  cannot(() => encodeBytes(bytesOf(16), new Uint8Array(15)));
});
