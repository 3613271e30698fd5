// Property 1, pages: page-loop (by hand, for speed) = page-header (the truth) = page-writer, on random records: runs
// that break in the middle, addresses around multiples of 2^32 and at the end of a block, every page size and kind.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memorySink } from '../../src/bytes/source.js';
import { Emitter } from '../../src/bytes/emitter.js';
import { Window } from '../../src/bytes/window.js';
import { maxCompressedPage } from '../../src/limits.js';
import { BlockTable } from '../../src/ram/block-table.js';
import { buildPageRuns, type PageValue } from '../../src/ram/page-builder.js';
import { readPageRuns } from '../../src/ram/page-loop.js';
import { PageRuns, type PageKindName } from '../../src/ram/page-runs.js';
import { writePageRuns } from '../../src/ram/page-writer.js';
import { encodeBytes, type Codec } from '../../src/wire/kit/codec.js';
import { pageHeader, type PageHeader } from '../../src/wire/page-header.js';
import type { RamBlockEntry } from '../../src/wire/ram-block.js';
import { ramFlag } from '../../src/wire/ram-flags.js';
import { pageRecords } from '../support/arbitraries/page-record.js';
import { bytes, pageSize, record } from '../support/arbitraries/primitives.js';
import { pagesOf } from '../support/items.js';
import { cases } from '../support/seed.js';

const flagOf: Record<PageKindName, number> = {
  zero: ramFlag.zero,
  page: ramFlag.page,
  xbzrle: ramFlag.xbzrle,
  compressed: ramFlag.compressPage,
};

/** One record by the codec and by the words of the format, nothing shared with loop and writer. */
function encodeSlowly(page: PageValue, blocks: readonly RamBlockEntry[], codec: Codec<PageHeader>): Uint8Array {
  const flags = flagOf[page.kind] | (page.named ? 0 : ramFlag.continue);
  const head = encodeBytes(codec, {
    address: page.addr,
    flags,
    ...(page.named ? { idstr: blocks[page.block]!.idstr } : {}),
  });
  const { length } = page.body;
  const bodyHead =
    page.kind === 'xbzrle'
      ? [1, length >> 8, length & 0xff]
      : page.kind === 'compressed'
        ? [0, length >> 16, (length >> 8) & 0xff, length & 0xff]
        : [];
  return Buffer.concat([head, Uint8Array.from(bodyHead), page.body]);
}

/** The records that the codec can read, up to the first that is not whole, not good, or no page. */
function decodeSlowly(
  window: Window,
  blocks: readonly RamBlockEntry[],
  size: number,
  start: number,
): { pages: PageValue[]; at: number } {
  const pages: PageValue[] = [];
  let current = start;
  for (;;) {
    const { at } = window;
    try {
      const { address, flags, idstr } = pageHeader(size).decode(window);
      const kind = (Object.keys(flagOf) as PageKindName[]).find((name) => flagOf[name] === (flags & ~ramFlag.continue));
      const block = idstr === undefined ? current : blocks.findIndex((one) => one.idstr === idstr);
      if (kind === undefined || block < 0 || address >= blocks[block]!.usedLength) return { pages, at };
      let length = kind === 'zero' ? 1 : size;
      if (kind === 'xbzrle') {
        if (window.u8() !== 1) return { pages, at };
        length = window.u16();
        if (length > size) return { pages, at };
      } else if (kind === 'compressed') {
        length = window.u32();
        if (length > maxCompressedPage(size)) return { pages, at };
      }
      pages.push({
        kind,
        block,
        addr: address,
        named: idstr !== undefined,
        body: Uint8Array.from(window.take(length)),
      });
      current = block;
    } catch {
      return { pages, at };
    }
  }
}

function loopAll(
  raw: Uint8Array,
  blocks: readonly RamBlockEntry[],
  size: number,
  current: number,
): { pages: PageValue[]; at: number; runs: number } {
  const window = Window.over(raw);
  const table = new BlockTable();
  table.add(blocks);
  const state = { table, current };
  const batch = new PageRuns(size);
  const pages: PageValue[] = [];
  let runs = 0;
  do {
    const before = window.at;
    readPageRuns(window, state, batch);
    // Offsets are those of the headers, one behind the other.
    if (batch.count > 0) expect(batch.offsetOf(0, 0)).toBe(before);
    runs += batch.count;
    pages.push(...pagesOf(batch));
  } while (batch.count > 0);
  return { pages, at: window.at, runs };
}

const table = (size: number): fc.Arbitrary<RamBlockEntry[]> =>
  fc
    .array(
      record({
        name: fc.constantFrom('', 'a', 'x'.repeat(255), '\xff\x00', 'mem'),
        usedLength: fc.oneof(
          fc.integer({ min: 1, max: 40 }).map((pages) => pages * size),
          fc.constantFrom(2 ** 32, 2 ** 32 + size, 2 ** 33 - size, 5 * 2 ** 32 + 3 * size, 2 ** 45),
          // Not a multiple of the page size: only hand-made ones; the last page then begins inside.
          fc.integer({ min: 1, max: 40 }).map((pages) => pages * size - 1),
          fc.constant(0),
        ),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((list) => list.map(({ name, usedLength }, i) => ({ idstr: `${i}${name}`.slice(0, 255), usedLength })));

const stage = pageSize.chain((size) =>
  table(size).chain((blocks) =>
    record({
      size: fc.constant(size),
      blocks: fc.constant(blocks),
      pages: pageRecords(blocks, size, { bursts: 8, most: size > 8192 ? 4 : 20 }),
    }),
  ),
);

test('writer = codec, loop = codec', async () => {
  await fc.assert(
    fc.asyncProperty(stage, async ({ size, blocks, pages }) => {
      const raw = Buffer.concat(pages.map((page) => encodeSlowly(page, blocks, pageHeader(size))));
      const sink = memorySink();
      const emitter = new Emitter(sink, 80 * 1024);
      for (const runs of buildPageRuns(pages, blocks, size)) await writePageRuns(emitter, runs);
      await emitter.flush();
      expect(Buffer.compare(sink.bytes(), raw)).toBe(0);
      const loop = loopAll(Uint8Array.from(raw), blocks, size, -1);
      expect(isDeepStrictEqual(loop.pages, pages)).toBe(true);
      expect(loop.at).toBe(raw.length);
    }),
    cases(700),
  );
});

test('loop = codec on damaged records, cut anywhere, with a block remembered or none', () => {
  fc.assert(
    fc.property(
      stage,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
      fc.nat(),
      fc.integer({ min: -1, max: 0 }),
      bytes(40),
      ({ size, blocks, pages }, edits, cut, current, tail) => {
        const whole = Uint8Array.from(
          Buffer.concat([...pages.map((page) => encodeSlowly(page, blocks, pageHeader(size))), tail]),
        );
        const raw = whole.subarray(0, whole.length - (cut % 3 === 0 ? cut % (whole.length + 1) : 0));
        for (const [at, value] of edits) if (raw.length > 0) raw[at % raw.length] = value;
        const slow = decodeSlowly(Window.over(raw), blocks, size, current);
        const fast = loopAll(raw, blocks, size, current);
        expect(fast.at).toBe(slow.at);
        expect(isDeepStrictEqual(fast.pages, slow.pages)).toBe(true);
      },
    ),
    cases(1500),
  );
});

test('runs written again are the same bytes, whatever the buffer', async () => {
  await fc.assert(
    fc.asyncProperty(stage, fc.integer({ min: 66 * 1024, max: 200 * 1024 }), async ({ size, blocks, pages }, room) => {
      const raw = Uint8Array.from(Buffer.concat(pages.map((page) => encodeSlowly(page, blocks, pageHeader(size)))));
      const window = Window.over(raw);
      const known = new BlockTable();
      known.add(blocks);
      const state = { table: known, current: -1 };
      const batch = new PageRuns(size);
      const sink = memorySink();
      const emitter = new Emitter(sink, room);
      for (;;) {
        readPageRuns(window, state, batch);
        if (batch.count === 0) break;
        await writePageRuns(emitter, batch);
      }
      await emitter.flush();
      expect(Buffer.compare(sink.bytes(), raw)).toBe(0);
    }),
    cases(300),
  );
});

test('a run is one entry, also across 4 GiB', () => {
  const size = 4096;
  const blocks = [{ idstr: 'a', usedLength: 2 ** 34 }];
  for (const kind of ['zero', 'page'] as const) {
    const pages = Array.from({ length: 10 }, (_, i): PageValue => ({
      kind,
      block: 0,
      addr: 2 ** 32 + (i - 5) * size,
      named: i === 0,
      body: new Uint8Array(kind === 'zero' ? 1 : size),
    }));
    const raw = Uint8Array.from(Buffer.concat(pages.map((page) => encodeSlowly(page, blocks, pageHeader(size)))));
    const loop = loopAll(raw, blocks, size, -1);
    expect(loop.pages).toEqual(pages);
    expect(loop.runs).toBe(2); // the named record, then all others
  }
});

test('what a record cannot hold is refused', () => {
  const blocks = [{ idstr: 'a', usedLength: 2 ** 34 }];
  const build =
    (page: Partial<PageValue>, size = 4096): (() => unknown) =>
    () =>
      buildPageRuns([{ kind: 'zero', block: 0, addr: 0, named: true, body: new Uint8Array(1), ...page }], blocks, size);
  const refused = expect.objectContaining({ code: 'cannot-encode' }) as Error;
  expect(build({ block: 1 })).toThrow(refused);
  expect(build({ kind: 'page' })).toThrow(refused);
  expect(build({ addr: -4096 })).toThrow(refused);
  expect(build({ addr: 2 ** 53 })).toThrow(refused);
  expect(build({ addr: 1 })).toThrow(refused);
  expect(build({ kind: 'xbzrle', body: new Uint8Array(4097) })).toThrow(refused);
  expect(build({ kind: 'xbzrle', body: new Uint8Array(65536) }, 65536)).toThrow(refused); // the length is be16
  expect(build({ kind: 'compressed', body: new Uint8Array(maxCompressedPage(4096) + 1) })).toThrow(refused);
});
