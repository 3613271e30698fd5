// `stat` held against the pages themselves: every page of a capture read and hashed with SHA-256.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { deflatedSize } from '../../../../src/bytes/node/deflate.js';
import { inflate } from '../../../../src/bytes/node/inflate.js';
import { forwardSource, memorySource } from '../../../../src/bytes/source.js';
import { openGuestMemory } from '../../../../src/open/guest-memory.js';
import { openStream } from '../../../../src/open/open-stream.js';
import { ContentTable } from '../../../../src/ops/stat/content-table.js';
import { hashed, hashPage } from '../../../../src/ops/stat/page-hash.js';
import { stat } from '../../../../src/ops/stat/stat.js';
import type { Stat } from '../../../../src/ops/stat/result.js';
import { fixtureBytes } from '../../../support/fixtures.js';

async function statOf(...names: readonly string[]): Promise<Stat> {
  const inputs = await Promise.all(
    names.map(async (label) => ({ label, stream: await openStream(fixtureBytes(label), { bodies: 'none' }) })),
  );
  return stat(inputs, { inflate, deflatedSize });
}

/** Contents of all pages, and the same with their addresses. */
async function contentsOf(name: string): Promise<{ data: string[]; places: Set<string>; zero: number }> {
  const memory = await openGuestMemory(memorySource(fixtureBytes(name)), { inflate });
  const data: string[] = [];
  const places = new Set<string>();
  let zero = 0;
  for (const [block, { idstr }] of memory.blocks.entries()) {
    for (let page = 0; page < memory.pagesOf(block); page += 1) {
      if (!memory.came(block, page)) continue;
      const bytes = new Uint8Array(memory.pageSize);
      await memory.read(block, page, bytes);
      if (bytes.every((byte) => byte === 0)) {
        zero += 1;
        continue;
      }
      const hash = createHash('sha256').update(bytes).digest('hex');
      data.push(hash);
      places.add(`${idstr} ${page} ${hash}`);
    }
  }
  return { data, places, zero };
}

test.each([
  ['10.0.13-plain'],
  ['10.0.13-live', '11.1.3-live'],
  ['11.1.3-live-xbzrle', '11.1.3-mapped-ram'],
  ['7.2.22-q35-devices', '10.0.13-q35-devices', '11.1.3-q35-devices'],
  ['5.2.0-compress'],
])('%s %s %s', async (...names) => {
  const given = names.filter((name) => name !== undefined);
  const found = await statOf(...given);
  const truth = await Promise.all(given.map(contentsOf));
  const sets = truth.map(({ data }) => new Set(data));
  expect(found.weight).toBe(1);
  for (const [i, state] of found.states.entries()) {
    const { data, zero } = truth[i]!;
    const others = sets.filter((_, k) => k !== i);
    expect(state).toMatchObject({
      data: data.length,
      zero,
      distinct: sets[i]!.size,
      shared: [...sets[i]!].filter((hash) => others.some((set) => set.has(hash))).length,
    });
    expect(state.zero + state.data + state.absent + state.leftOut).toBe(state.pages);
    expect(state.forms.compressed).toBeLessThanOrEqual(state.forms.compact);
  }
  expect(found.distinct).toBe(new Set(truth.flatMap(({ data }) => data)).size);
  expect(found.inAll).toBe([...sets[0]!].filter((hash) => sets.every((set) => set.has(hash))).length);
  expect(found.template).toBe(
    [...truth[0]!.places].filter((place) => truth.every(({ places }) => places.has(place))).length,
  );
});

test('records that came again are counted, and compacting is worth them', async () => {
  const { states } = await statOf('10.0.13-live');
  expect(states[0]!.resent).toBeGreaterThan(0);
  expect(states[0]!.forms.compact).toBeLessThan(states[0]!.forms.now);
});

test('a pipe is refused', async () => {
  const stream = await openStream(forwardSource(memorySource(fixtureBytes('10.0.13-plain'))), { bodies: 'none' });
  await expect(stat([{ label: 'pipe', stream }], { inflate, deflatedSize })).rejects.toMatchObject({
    code: 'not-seekable',
  });
});

describe('the table of contents', () => {
  const page = new Uint8Array(4096);
  const view = new DataView(page.buffer);
  function add(table: ContentTable, number: number, state: number): void {
    view.setUint32(0, number);
    hashPage(view, 0, 4096);
    table.add(hashed.high, hashed.low, state);
  }

  test('is exact below its bound', () => {
    const table = new ContentTable(50_000);
    for (let i = 0; i < 40_000; i += 1) add(table, i, 0);
    for (let i = 30_000; i < 50_000; i += 1) add(table, i, 1);
    expect(table.weight).toBe(1);
    expect(table.contents(() => true)).toBe(50_000);
    expect(table.contents((states) => states === 3)).toBe(10_000);
  });

  test('estimates above it, within 5 %, in bounded room', () => {
    const table = new ContentTable(8192);
    for (let i = 0; i < 200_000; i += 1) add(table, i, 0);
    for (let i = 100_000; i < 200_000; i += 1) add(table, i, 1);
    expect(table.weight).toBeGreaterThan(8);
    expect(Math.abs(table.contents(() => true) / 200_000 - 1)).toBeLessThan(0.05);
    expect(Math.abs(table.contents((states) => states === 3) / 100_000 - 1)).toBeLessThan(0.05);
  });
});
