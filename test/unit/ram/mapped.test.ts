// mapped-ram: pages counted from the bitmap, at any place in a container, without reading the page area; old bytes in
// the place of zero pages; a save that never ended.
import { describe, expect, test } from 'vitest';
import { forwardSource, memorySource, rangeSource } from '../../../src/bytes/source.js';
import { inspect, type Inspection } from '../../../src/ops/inspect.js';
import { withStalePages } from '../../../src/ops/stale-pages.js';
import { verifyStream } from '../../../src/ops/verify/verify.js';
import { openStream, type OpenOptions } from '../../../src/open/open-stream.js';
import { MappedBitmap } from '../../../src/ram/mapped/bitmap.js';
import { bigMapped } from '../../support/big-streams.js';
import { fixtureBytes, fixtureNames } from '../../support/fixtures.js';
import { countingSource } from '../../support/sources.js';

const names = fixtureNames.filter((name) => name.includes('mapped-ram'));

async function look(source: Parameters<typeof openStream>[0], options: OpenOptions = {}): Promise<Inspection> {
  const stream = await openStream(source, { bodies: 'none', ...options });
  try {
    return await inspect(stream);
  } finally {
    await stream.close();
  }
}

/** The stream as `file:PATH,offset=base` writes it, in a file of its own. */
export async function movedBy(bytes: Uint8Array, base: number): Promise<Uint8Array> {
  const moved = Buffer.concat([new Uint8Array(base).fill(0xaa), bytes]);
  const stream = await openStream(bytes, { bodies: 'none' });
  for await (const event of stream.events()) {
    if (event.kind !== 'ram-blocks') continue;
    const header = base + event.span.end - 16;
    const { bitmapOffset, pagesOffset } = event.blocks.at(-1)!.mapped ?? { bitmapOffset: 0, pagesOffset: 0 };
    if (pagesOffset === 0) continue;
    moved.writeBigUInt64BE(BigInt(bitmapOffset + base), header);
    moved.writeBigUInt64BE(BigInt(pagesOffset + base), header + 8);
  }
  return moved;
}

/** Set bits and pages that are not zero, counted the slow way out of the file itself. */
function counted(bytes: Uint8Array, { blocks }: Inspection): { set: number; stale: number }[] {
  return blocks.map(({ mapped, pages, ignored }) => {
    let set = 0;
    let stale = 0;
    for (let page = 0; page < pages && ignored !== true; page += 1) {
      if (((bytes[mapped!.bitmapOffset + (page >>> 3)]! >>> (page & 7)) & 1) === 1) set += 1;
      else {
        const at = mapped!.pagesOffset + page * 4096;
        if (bytes.subarray(at, at + 4096).some((byte) => byte !== 0)) stale += 1;
      }
    }
    return { set, stale };
  });
}

test('there are fixtures', () => expect(names.length).toBeGreaterThan(3));

describe.each(names)('%s', (name) => {
  const bytes = fixtureBytes(name);

  test('counts what the bitmaps say', async () => {
    const found = await look(bytes);
    expect(found.error).toBeUndefined();
    const expected = counted(bytes, found);
    expect(expected.some(({ set }) => set > 0)).toBe(true);
    found.blocks.forEach((block, i) => {
      if (block.ignored === true) return;
      expect(block.sent, block.idstr).toMatchObject({
        page: expected[i]!.set,
        zero: block.pages - expected[i]!.set,
        absent: 0,
        resent: 0,
        bytes: expected[i]!.set * 4096,
      });
    });
  });

  test('a pipe says the same, and so does reading with bodies', async () => {
    const { blocks } = await look(bytes);
    expect((await look(forwardSource(memorySource(bytes)))).blocks).toEqual(blocks);
    expect((await look(bytes, { bodies: 'all', slabSize: 5000 })).blocks).toEqual(blocks);
  });

  test('at any base, told and not told', async () => {
    const { blocks } = await look(bytes);
    const plain = blocks.map(({ sent }) => sent);
    for (const base of [1, 12345, 4 << 20]) {
      const moved = memorySource(await movedBy(bytes, base));
      for (const source of [rangeSource(moved, base, undefined), forwardSource(rangeSource(moved, base, undefined))]) {
        const found = await look(source);
        expect(found.error).toBeUndefined();
        expect(found.dialect.mappedBase).toMatchObject({ value: base, how: 'inferred' });
        expect(found.blocks.map(({ sent }) => sent)).toEqual(plain);
      }
      const told = await look(rangeSource(moved, base, undefined), { mappedBase: base });
      expect(told.dialect.mappedBase).toMatchObject({ value: base, how: 'option' });
      expect(told.blocks.map(({ sent }) => sent)).toEqual(plain);
    }
  });

  test('old bytes in the place of zero pages are counted when asked', async () => {
    const before = await look(bytes);
    expect(before.blocks.every(({ mapped }) => mapped?.stale === undefined)).toBe(true);
    const expected = counted(bytes, before).map(({ stale }) => stale);
    const stales = async (file: Uint8Array): Promise<number[]> =>
      (await withStalePages(await look(file), memorySource(file))).blocks.map(({ mapped }) => mapped?.stale ?? 0);
    expect(await stales(bytes)).toEqual(expected);
    const dirty = bytes.slice();
    const at = before.blocks.findIndex(({ sent, ignored }) => ignored !== true && sent.zero > 0);
    const { mapped, pages } = before.blocks[at]!;
    const bits = new MappedBitmap(
      dirty.slice(mapped!.bitmapOffset, mapped!.pagesOffset).slice(0, Math.ceil(pages / 64) * 8),
      pages,
    );
    const clear = bits.has(0) ? bits.change(0, pages) : 0;
    dirty[mapped!.pagesOffset + clear * 4096 + 77] = 0x55;
    expected[at]! += 1;
    expect(await stales(dirty)).toEqual(expected);
  });

  test('a save that never ended is named', async () => {
    const stream = await openStream(bytes, { bodies: 'none' });
    const cut = bytes.slice();
    let end = 0;
    for await (const event of stream.events()) {
      if (event.kind === 'mapped-area') {
        const { bitmapOffset, pagesOffset } = blockOf(event.block);
        cut.fill(0, bitmapOffset, pagesOffset);
      }
      if (event.kind === 'ram-blocks') list.push(...event.blocks.map((block) => block.mapped!));
      if (event.kind === 'section-close' && end === 0) end = event.span.end;
    }
    const unfinished = await openStream(cut.subarray(0, end), { bodies: 'devices' });
    const { findings, verdict } = await verifyStream(unfinished);
    expect(verdict).toBe('broken');
    expect(findings.map(({ code }) => code)).toContain('mapped-unfinished');
    const whole = await verifyStream(await openStream(bytes, { bodies: 'devices' }));
    expect(whole.findings.map(({ code }) => code)).not.toContain('mapped-unfinished');
  });
  const list: { bitmapOffset: number; pagesOffset: number }[] = [];
  const blockOf = (block: number): { bitmapOffset: number; pagesOffset: number } => list[block]!;
});

test('inspect of 1.5 GB reads less than 4 MB', async () => {
  const source = countingSource(bigMapped(1.5e9 - (1.5e9 % 4096)));
  const found = await look(source);
  expect(found.error).toBeUndefined();
  // The synthetic bitmap is 0x55 in every byte.
  expect(found.blocks[0]!.sent.page).toBe(Math.ceil(found.blocks[0]!.pages / 2));
  expect(source.reads.reduce((sum, { got }) => sum + got, 0)).toBeLessThan(4e6);
});

test('words of a big-endian host', () => {
  // 100 pages: 28 bits of the second word belong to none.
  const little = Uint8Array.of(0xff, 1, 0, 0, 0, 0, 0, 0x80, 0x0f, 0, 0, 0, 8, 0, 0, 0);
  const big = Uint8Array.from([...little.slice(0, 8).reverse(), ...little.slice(8).reverse()]);
  const bitmap = new MappedBitmap(big, 100);
  expect(bitmap.order).toBe('big');
  expect(bitmap.bits).toEqual(little);
  expect(bitmap.present).toBe(15);
  expect(new MappedBitmap(little.slice(), 100).order).toBe('little');
});
