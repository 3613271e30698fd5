// Entries of the RAM block list, for every layout. Addresses and lengths are drawn to look like something else: EOS,
// flags, lengths, ASCII.
import fc from 'fast-check';
import type { BlockLayout } from '../../../src/wire/dialect.js';
import { layouts } from '../../../src/wire/dialect.js';
import type { RamBlockEntry } from '../../../src/wire/ram-block.js';
import { latin1, printable, record, u53, u64, u8 } from './primitives.js';

export const anyLayout: fc.Arbitrary<BlockLayout> = fc.constantFrom(...Object.values(layouts));

/** Whatever the codec can say under this layout. */
export function anyEntry(layout: BlockLayout, pageSize: number): fc.Arbitrary<RamBlockEntry> {
  const hugePage = fc.integer({ min: 1, max: 20 }).map((bits) => pageSize * 2 ** bits);
  return record({
    idstr: latin1(255),
    usedLength: u53,
    huge: fc.option(hugePage, { nil: undefined }),
    gpa: u64,
    ignored: u8,
    mapped: record({
      version: fc.constantFrom(0, 1, 2, 0xffffffff),
      pageSize: u53,
      bitmapOffset: u53,
      pagesOffset: u53,
    }),
  }).map(({ idstr, usedLength, huge, gpa, ignored, mapped }) => ({
    idstr,
    usedLength,
    ...(layout.postcopyPageSize && huge !== undefined ? { pageSize: huge } : {}),
    ...(layout.gpa ? { gpa } : {}),
    ...(layout.ignoredByte ? { ignored } : {}),
    ...(layout.mapped ? { mapped } : {}),
  }));
}

/** Multiples of the page size that mean something when read a few bytes off. */
export const gpas = (pageSize: number): fc.Arbitrary<bigint> =>
  fc
    .oneof(
      fc.constantFrom(
        0n,
        0xc0000n,
        0xfffc0000n,
        1n << 32n,
        0x1_0000_1000n,
        1n << 40n,
        0x1000n,
        0x10_0000n,
        0x0100_0000_0000_0000n,
        0x0161_0000_0000_0000n,
      ),
      fc.bigInt({ min: 0n, max: (1n << 40n) - 1n }),
      fc
        .array(fc.constantFrom(0, 1, 2, 4, 8, 0x10, 0x21, 0x61, 0x7e), { minLength: 8, maxLength: 8 })
        .map((list) => list.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)),
    )
    .map((gpa) => gpa - (gpa % BigInt(pageSize)));

/**
 * Entries as a QEMU could have written them, but for the spite in names, lengths and addresses. Mapped headers are not
 * filled in.
 */
export function honestEntries(layout: BlockLayout, pageSize: number, max: number): fc.Arbitrary<RamBlockEntry[]> {
  const pages = fc.oneof(
    fc.integer({ min: 1, max: 20 }),
    fc.constantFrom(1, 0x10, 0x100, 0x200, 0x1000, 0x10000, 0x2100_0000, 0x7e00_0000),
  );
  const entry = record({
    idstr: printable(),
    pages,
    gpa: gpas(pageSize),
    ignored: fc.constantFrom(0, 1),
    huge: fc.integer({ min: -3, max: 9 }),
  });
  return fc.uniqueArray(entry, { minLength: 1, maxLength: max, selector: (one) => one.idstr }).map((list) =>
    list.map(({ idstr, pages: count, gpa, ignored, huge }) => ({
      idstr,
      usedLength: count * pageSize,
      ...(layout.postcopyPageSize && huge > 0 ? { pageSize: pageSize * 2 ** huge } : {}),
      ...(layout.gpa ? { gpa } : {}),
      ...(layout.ignoredByte ? { ignored } : {}),
    })),
  );
}
