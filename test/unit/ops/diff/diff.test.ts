// `diff` on real captures: nothing between a save and itself, nothing but the form between a save and its conversions,
// and exactly what was edited.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { nodeDecompressors } from '../../../../src/bytes/node/decompressors.js';
import { openContainers } from '../../../../src/container/open.js';
import { writeFreshImage } from '../../../../src/container/qcow2/write-fresh.js';
import { inflate } from '../../../../src/bytes/node/inflate.js';
import type { MemoryOrigin } from '../../../../src/bytes/memory.js';
import { forwardSource, memorySink, memorySource, type ByteSource } from '../../../../src/bytes/source.js';
import { openStream } from '../../../../src/open/open-stream.js';
import { toMapped } from '../../../../src/ops/convert/to-mapped.js';
import { toPlain } from '../../../../src/ops/convert/to-plain.js';
import { readDevices } from '../../../../src/ops/devices/read-devices.js';
import { diff, type DiffInput, type DiffOptions } from '../../../../src/ops/diff/diff.js';
import { countDifferences, type Diff } from '../../../../src/ops/diff/result.js';
import { concatBytes, latin1Bytes } from '../../../../src/base/bytes.js';
import { freshHead } from '../../../../src/container/libvirt/write.js';
import { rewrite } from '../../../../src/ops/rewrite/rewrite.js';
import { findInDevice } from '../../../../src/vmstate/index.js';
import { transplanted } from '../../../support/transplants.js';
import { fixtureBytes, fixtureMemory, fixtureNames } from '../../../support/fixtures.js';

type Input = Uint8Array | ByteSource;

async function input(from: Input, label: string, files?: DiffInput['files']): Promise<DiffInput> {
  return { label, stream: await openStream(from, { bodies: 'devices' }), files };
}

async function compared(a: Input, b: Input, options: Partial<DiffOptions> = {}): Promise<Diff> {
  return diff(await input(a, 'a'), await input(b, 'b'), { inflate, ...options });
}

async function written(work: (sink: ReturnType<typeof memorySink>) => Promise<unknown>): Promise<Uint8Array> {
  const sink = memorySink();
  await work(sink);
  return Uint8Array.from(sink.bytes());
}

test.each(fixtureNames)('%s and itself: nothing', async (name) => {
  const bytes = fixtureBytes(name);
  const found = await compared(bytes, bytes);
  expect(countDifferences(found)).toEqual({ real: 0, noise: 0 });
  expect([found.form, found.configuration, found.devices]).toEqual([[], [], []]);
  expect(found.devicesCompared).toBe((await readDevices(bytes)).devices.length);
  expect((found.blocks ?? []).filter(({ note }) => note === undefined)).toEqual([]);
  expect(countDifferences(await compared(bytes, bytes, { schema: true }))).toEqual({ real: 0, noise: 0 });
});

describe('a save and its conversion: the form alone', () => {
  test.each(['10.0.13-plain', '11.1.3-live-xbzrle', '10.0.13-live'])('%s to mapped-ram', async (name) => {
    const bytes = fixtureBytes(name);
    const mapped = await written((sink) => toMapped(memorySource(bytes), sink, { inflate }));
    for (const found of [await compared(bytes, mapped), await compared(mapped, bytes)]) {
      expect(countDifferences(found)).toEqual({ real: 0, noise: 0 });
      expect(found.form.map(({ what }) => what)).toEqual(['layout of the block list', 'capability mapped-ram']);
      expect(found.pagesCompared).toBeGreaterThan(500);
    }
  });

  test('mapped-ram to plain', async () => {
    const bytes = fixtureBytes('11.1.3-mapped-ram');
    const plain = await written((sink) => toPlain(memorySource(bytes), sink, { inflate }));
    expect(countDifferences(await compared(bytes, plain))).toEqual({ real: 0, noise: 0 });
  });

  test('compacted: pages that were sent again come once', async () => {
    const bytes = fixtureBytes('10.0.13-live');
    const sink = memorySink();
    await rewrite(memorySource(bytes), sink, [{ edit: 'compact' }]);
    expect(sink.bytes().length).toBeLessThan(bytes.length);
    expect(countDifferences(await compared(bytes, Uint8Array.from(sink.bytes())))).toEqual({ real: 0, noise: 0 });
  });
});

describe('a save and its containers: nothing', () => {
  const folder = new URL('../../../../fixtures/containers/', import.meta.url);
  const packed = (name: string): Uint8Array => Uint8Array.from(readFileSync(new URL(name, folder)));
  const opened = async (bytes: Uint8Array, snapshot?: string): Promise<ByteSource> =>
    (await openContainers(memorySource(bytes), { decompressors: nodeDecompressors, snapshot })).inner;
  const programs = { bz2: 'bzip2', xz: 'xz', zst: 'zstd', lz4: 'lz4', lzo: 'lzop', gz: undefined };

  test.each(Object.entries(programs))('state.%s', async (suffix, program) => {
    if (program !== undefined && spawnSync(program, ['--version']).error !== undefined) {
      console.info(`skipped: state.${suffix}, since the program ${program} is not installed`);
      return;
    }
    const plain = Uint8Array.from(gunzipSync(packed('state.gz')));
    const found = await compared(plain, await opened(packed(`state.${suffix}`)));
    expect(found).toMatchObject({ form: [], configuration: [], devices: [], blocks: [], pagesDifferent: 0 });
    expect(found.pagesCompared).toBeGreaterThan(500);
  });

  test.each(['gnu.tar.gz', 'pax.tar.gz'])('%s', async (name) => {
    const found = await compared(
      await opened(Uint8Array.from(gunzipSync(packed('state.gz')))),
      await opened(Uint8Array.from(gunzipSync(packed(name)))),
    );
    expect(countDifferences(found)).toEqual({ real: 0, noise: 0 });
  });

  test('a libvirt image of ours', async () => {
    const bytes = fixtureBytes('11.1.3-plain');
    const head = freshHead({ xml: latin1Bytes('<domain><name>d</name></domain>'), format: 'raw', wasRunning: true });
    const found = await compared(bytes, await opened(concatBytes([head, bytes])));
    expect(found).toMatchObject({ form: [], configuration: [], devices: [], blocks: [], pagesDifferent: 0 });
  });

  test.each([
    ['4.0.0-ignore-shared', '4.1'],
    ['10.0.13-ignore-shared', '4.0'],
  ] as const)('%s in the dialect of %s', async (name, dialect) => {
    const bytes = fixtureBytes(name);
    const other = await written((sink) => rewrite(memorySource(bytes), sink, [{ edit: 'to-dialect', dialect }]));
    expect(other).not.toEqual(bytes);
    const found = await compared(bytes, other);
    expect(countDifferences(found)).toEqual({ real: 0, noise: 0 });
    expect(found.form.map(({ what }) => what)).toContain('layout of the block list');
  });

  test('a qcow2 image of ours, with the state as mapped-ram', async () => {
    const bytes = fixtureBytes('11.1.3-plain');
    const mapped = await written((sink) => toMapped(memorySource(bytes), sink, { inflate }));
    const image = await written((sink) => writeFreshImage(memorySource(mapped), sink, { diskSize: 1 << 20, tag: 's' }));
    expect(countDifferences(await compared(bytes, await opened(image, 's')))).toEqual({ real: 0, noise: 0 });
  });
});

test('a template: its memory is in a file', async () => {
  const state = fixtureBytes('10.0.13-ignore-shared');
  const memory = fixtureMemory('10.0.13-ignore-shared');
  const changed = Uint8Array.from(memory);
  changed[5 * 4096 + 7]! ^= 1;
  const file = (bytes: Uint8Array): ReadonlyMap<string, MemoryOrigin> =>
    new Map([
      ['mem0', { label: 'mem0', size: bytes.length, read: memorySource(bytes).read.bind(memorySource(bytes)) }],
    ]);
  const bare = await compared(state, state);
  expect(bare.blocks).toMatchObject([{ block: 'mem0', pages: 0, note: 'both streams leave its pages out' }]);
  const found = await diff(await input(state, 'a', file(memory)), await input(state, 'b', file(changed)), { inflate });
  expect(found.blocks).toMatchObject([{ block: 'mem0', pages: 512, different: 1, ranges: [{ first: 5, count: 1 }] }]);
});

test('one byte of one page, wherever it lies', async () => {
  const bytes = fixtureBytes('11.1.3-plain');
  const stream = await openStream(bytes);
  const places: { readonly at: number; readonly block: string; readonly page: number }[] = [];
  for await (const event of stream.events()) {
    if (event.kind !== 'pages') continue;
    const { runs } = event;
    for (let i = 0; i < runs.count; i += 1)
      if (runs.kind[i] === 1)
        places.push({
          at: runs.base + runs.bodyAt(i, runs.pages[i]! - 1) + 4095,
          block: runs.blocks[runs.block[i]!]!.idstr,
          page: runs.addr[i]! / runs.pageSize + runs.pages[i]! - 1,
        });
  }
  expect(places.length).toBeGreaterThan(3);
  for (const { at, block, page } of places) {
    const changed = Uint8Array.from(bytes);
    changed[at]! ^= 0x10;
    const { blocks, devices } = await compared(bytes, changed, { bytes: true });
    expect(devices).toEqual([]);
    expect(blocks).toMatchObject([{ block, different: 1, bytes: 1, ranges: [{ first: page, count: 1 }] }]);
  }
});

test('one field of one device, and noise told apart from it', async () => {
  const bytes = fixtureBytes('11.1.3-plain');
  const { devices } = await readDevices(bytes);
  for (const [device, path, noise] of [
    ['cpu', 'env.eip', false],
    ['timer', 'cpu_clock_offset', true],
  ] as const) {
    const { state } = devices.find(({ section }) => section.idstr === device)!;
    const changed = Uint8Array.from(bytes);
    const leaf = findInDevice(state, path)[0]!;
    changed[leaf.span.end - 1]! ^= 1;
    const found = await compared(bytes, changed);
    expect(countDifferences(found)).toEqual({ real: noise ? 0 : 1, noise: noise ? 1 : 0 });
    expect(found.devices.map((one) => [one.device, one.fields.map((field) => field.path)])).toEqual([[device, [path]]]);
  }
});

test('a pipe is enough where pages come in the same order, and refused where they must be read again', async () => {
  const bytes = fixtureBytes('11.1.3-plain');
  const pipe = (from: Uint8Array): ByteSource => forwardSource(memorySource(from));
  expect(countDifferences(await compared(pipe(bytes), pipe(bytes)))).toEqual({ real: 0, noise: 0 });
  await expect(compared(pipe(fixtureBytes('11.1.3-live-xbzrle')), fixtureBytes('11.1.3-live'))).rejects.toMatchObject({
    code: 'not-seekable',
  });
});

describe('--schema tells what a transplant tells', () => {
  /** Kinds that come from the layout, not from a value or from the machine. */
  const ofLayout = new Set(['widened', 'narrowed', 'padded', 'cut', 'renamed', 'regrouped', 'left-out', 'dropped']);

  test.each([
    ['5.2.0', '7.2.22'],
    ['7.2.22', '5.2.0'],
    ['7.2.22', '10.0.13'],
    ['10.0.13', '11.1.3'],
    ['11.1.3', '10.0.13'],
    ['5.2.0', '11.1.3'],
  ])('%s to %s', async (from, to) => {
    const [source, donor] = [fixtureBytes(`${from}-plain`), fixtureBytes(`${to}-plain`)];
    const { devices } = await compared(source, donor, { schema: true });
    const places = new Set(
      devices.flatMap(({ device, only, fields }) =>
        only === undefined ? fields.map(({ path }) => `${device}.${path}`) : [device],
      ),
    );
    const { report } = await transplanted(source, donor);
    const told = report.differences.filter(({ kind }) => ofLayout.has(kind)).map(({ path }) => path);
    expect(told.length).toBeGreaterThan(0);
    // What the transplant tells is in the difference of the schemas, in the same place.
    expect(told.filter((path) => !places.has(path) && !places.has(path.replace(/\[\d+\]/g, '')))).toEqual([]);
    // And no device differs that the transplant has nothing to say of.
    const devicesTold = report.differences.map(({ path }) => path);
    expect(
      devices.filter(({ device }) => !devicesTold.some((path) => path === device || path.startsWith(`${device}.`))),
    ).toEqual([]);
  });
});
