// The layout of the block list is never wrong: over lists as a QEMU writes them and lists made by an enemy, the answer
// is the true layout, or the true layout stands among the alternatives, or the reader says that it does not know.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Window } from '../../src/bytes/window.js';
import { candidateLayouts, inferLayout, type LayoutContext } from '../../src/ram/infer-layout.js';
import { layouts, type BlockLayout, type LayoutName } from '../../src/wire/dialect.js';
import { encodeBytes } from '../../src/wire/kit/codec.js';
import { ramBlockEntry, type RamBlockEntry } from '../../src/wire/ram-block.js';
import { bytes, latin1, pageSize, printable, record, u53, u64, u8 } from '../support/arbitraries/primitives.js';
import { honestEntries } from '../support/arbitraries/ram-block.js';
import { cases } from '../support/seed.js';

interface List {
  readonly layout: BlockLayout;
  readonly size: number;
  readonly entries: readonly RamBlockEntry[];
  readonly sectionId: number;
  readonly footers: boolean;
  readonly footersKnown: boolean;
  readonly configuration: boolean;
  readonly advise: boolean;
  /** MULTIFD_FLUSH before EOS. */
  readonly flush: boolean;
  /** What follows the section: a type byte and more. */
  readonly next: number;
  readonly tail: Uint8Array;
}

const flatLayouts: readonly LayoutName[] = ['plain', 'postcopy', 'ignore-shared-4.0', 'ignore-shared-4.1'];

function listOf(entries: (layout: BlockLayout, size: number) => fc.Arbitrary<RamBlockEntry[]>): fc.Arbitrary<List> {
  return fc.tuple(fc.constantFrom(...flatLayouts), pageSize).chain(([name, size]) =>
    record<List>({
      layout: fc.constant(layouts[name]),
      size: fc.constant(size),
      entries: entries(layouts[name], size),
      sectionId: fc.constantFrom(0, 1, 2, 3, 0x7e, 0x10, 0x01020304, 0x7e000000),
      footers: fc.boolean(),
      footersKnown: fc.boolean(),
      configuration: fc.boolean(),
      advise: name === 'postcopy' ? fc.constant(true) : name === 'plain' ? fc.boolean() : fc.constant(false),
      flush: fc.boolean(),
      next: fc.constantFrom(1, 2, 3, 4, 8, 0),
      tail: bytes(300),
    }),
  );
}

function bytesOf(list: List): Uint8Array {
  const codec = ramBlockEntry(list.layout, list.size);
  const word = (value: number): number[] => [0, 0, 0, 0, 0, 0, value >> 8, value & 0xff];
  const id = [24, 16, 8, 0].map((shift) => (list.sectionId >>> shift) & 0xff);
  return Uint8Array.from([
    ...list.entries.flatMap((entry) => [...encodeBytes(codec, entry)]),
    ...(list.flush ? word(0x200) : []),
    ...word(0x10),
    ...(list.footers ? [0x7e, ...id] : []),
    list.next,
    ...list.tail,
  ]);
}

function contextOf({
  layout,
  size,
  entries,
  sectionId,
  footers,
  footersKnown,
  configuration,
  advise,
}: List): LayoutContext {
  return {
    capabilities: configuration ? (layout.gpa ? ['x-ignore-shared'] : []) : undefined,
    adviseSummary: advise ? entries.reduce((sum, entry) => sum | BigInt(entry.pageSize ?? 4096), 4096n) : undefined,
    pageSize: size,
    sectionId,
    footers: footersKnown ? footers : undefined,
  };
}

type Verdict = 'right' | 'among the alternatives' | 'ambiguous' | 'unknown' | 'WRONG';

function judge(list: List, raw = bytesOf(list)): Verdict {
  const total = list.entries.reduce((sum, entry) => sum + entry.usedLength, 0);
  const context = contextOf(list);
  const { fitting, alternatives } = inferLayout(Window.over(raw), total, context, candidateLayouts(context));
  if (fitting.length === 0) return 'unknown';
  if (fitting.length > 1) return 'ambiguous';
  const plain = list.layout.name === 'postcopy' && list.entries.every((entry) => entry.pageSize === undefined);
  if (fitting[0]!.name === (plain ? 'plain' : list.layout.name)) return 'right';
  return alternatives.includes(list.layout.name) ? 'among the alternatives' : 'WRONG';
}

function tally(runs: number, lists: fc.Arbitrary<List>): Map<Verdict, number> {
  const counts = new Map<Verdict, number>();
  fc.assert(
    fc.property(lists, (list) => {
      const verdict = judge(list);
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
      expect(verdict).not.toBe('WRONG');
    }),
    cases(runs),
  );
  return counts;
}

test('lists that a QEMU could have written: always right', () => {
  const counts = tally(
    12_000,
    listOf((layout, size) => honestEntries(layout, size, 6)),
  );
  expect([...counts.keys()]).toEqual(['right']);
});

test('4.0 against 4.1, names of one character, every number of blocks: always right', () => {
  const short = printable(1).filter((name) => name.length === 1);
  const lists = listOf((layout, size) =>
    honestEntries(layout, size, 8).chain((list) =>
      fc
        .uniqueArray(short, { minLength: list.length, maxLength: list.length })
        .map((names) => list.map((entry, i) => ({ ...entry, idstr: names[i]! }))),
    ),
  );
  const counts = tally(
    4000,
    lists.filter((list) => list.layout.gpa),
  );
  expect([...counts.keys()]).toEqual(['right']);
});

describe('lists that no QEMU writes', () => {
  /** Lengths that are no multiples, names of any bytes and twice, addresses and ignored bytes of any value. */
  const wild = (layout: BlockLayout, size: number): fc.Arbitrary<RamBlockEntry[]> =>
    fc
      .array(
        record({
          idstr: latin1(255, 1),
          usedLength: fc.oneof(
            fc.nat(),
            u53.map((value) => value % 2 ** 48),
            fc.constantFrom(0x10, 0x200, 0x7e, 1),
          ),
          gpa: u64,
          ignored: u8,
          huge: fc.integer({ min: -3, max: 4 }),
        }).map(({ idstr, usedLength, gpa, ignored, huge }) => ({
          idstr,
          usedLength,
          ...(layout.postcopyPageSize && huge > 0 ? { pageSize: size * 2 ** huge } : {}),
          ...(layout.gpa ? { gpa } : {}),
          ...(layout.ignoredByte ? { ignored } : {}),
        })),
        { minLength: 1, maxLength: 4 },
      )
      .filter((list) => list.at(-1)!.usedLength > 0);

  test('never wrong', () => {
    const counts = tally(8000, listOf(wild));
    expect(counts.get('right')).toBeGreaterThan(7000);
  });

  test("a name that holds the rest of another layout's list: never wrong", () => {
    // The true layout is 4.0 with a strange ignored byte, or 4.1 with a name of one byte; what the other one reads
    // there (a name, a length, an address, EOS, a footer) is put into the bytes of the next name.
    const forged = record({
      size: pageSize,
      first: printable(20),
      pages: fc.integer({ min: 1, max: 4 }),
      ignored: fc.integer({ min: 1, max: 60 }),
      pad: fc.integer({ min: 0, max: 20 }),
      footers: fc.boolean(),
      known: fc.boolean(),
      configuration: fc.boolean(),
    });
    const verdicts = new Map<Verdict, number>();
    fc.assert(
      fc.property(forged, ({ size, first, pages, ignored, pad, footers, known, configuration }) => {
        // Read as 4.1: a name of `ignored` bytes (the length byte and ignored-1 characters), then this.
        const inner = [
          ...encodeBytes(ramBlockEntry(layouts['ignore-shared-4.1'], size), { idstr: '', usedLength: size, gpa: 0n }),
        ].slice(1);
        const end = [0, 0, 0, 0, 0, 0, 0, 0x10, ...(footers ? [0x7e, 0, 0, 0, 2] : []), 4];
        const name = [
          ...Array.from({ length: ignored - 1 }, () => 0x61),
          ...inner,
          ...end,
          ...Array.from({ length: pad }, () => 0x62),
        ];
        const entries = [
          { idstr: first, usedLength: pages * size, gpa: 0n, ignored },
          { idstr: String.fromCharCode(...name), usedLength: size, gpa: 0n, ignored: 0 },
        ];
        const list: List = {
          layout: layouts['ignore-shared-4.0'],
          size,
          entries,
          sectionId: 2,
          footers,
          footersKnown: known,
          configuration,
          advise: false,
          flush: false,
          next: 4,
          tail: new Uint8Array(300).fill(0x61),
        };
        const verdict = judge(list);
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
        expect(verdict).not.toBe('WRONG');
      }),
      cases(2000),
    );
    // The forgery must bite, or this proves nothing.
    expect((verdicts.get('ambiguous') ?? 0) + (verdicts.get('among the alternatives') ?? 0)).toBeGreaterThan(100);
  });
});

test('a list that is cut anywhere is never read as another layout', () => {
  fc.assert(
    fc.property(
      listOf((layout, size) => honestEntries(layout, size, 5)),
      fc.nat(),
      (list, where) => {
        const raw = bytesOf({ ...list, tail: new Uint8Array(0) });
        const verdict = judge(list, raw.subarray(0, where % raw.length));
        expect(['right', 'unknown']).toContain(verdict);
      },
    ),
    cases(5000),
  );
});
