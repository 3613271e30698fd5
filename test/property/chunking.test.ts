// Property 3: any chunking, any size of the window: same events, same error code, offset, message and path. Within a
// kind of source: a pipe may know a boundary by other means than a file.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDeepStrictEqual } from 'node:util';
import { memorySource, type ByteSource } from '../../src/bytes/source.js';
import { MAX_CONFIGURATION } from '../../src/limits.js';
import type { OpenOptions } from '../../src/open/open-stream.js';
import { streamModel } from '../support/arbitraries/stream-model.js';
import { readItems, type Item, type Reading } from '../support/items.js';
import { cases } from '../support/seed.js';
import { chunkedSource } from '../support/sources.js';
import { writeModel, type ModelItem } from '../support/write-model.js';

async function sameInEveryWay(
  bytes: Uint8Array,
  options: OpenOptions,
  sizes: readonly (number | undefined)[],
  steps: readonly (readonly number[])[],
): Promise<Reading> {
  const read = (slabSize: number | undefined, pipe: readonly number[] | undefined): Promise<Reading> =>
    readItems(pipe === undefined ? memorySource(bytes) : chunkedSource(bytes, pipe), {
      ...options,
      poison: pipe === undefined,
      ...(slabSize === undefined ? {} : { slabSize }),
    });
  const file = await read(undefined, undefined);
  for (const size of sizes) expectSame(await read(size, undefined), file, `file, slabs of ${size}`);
  const pipe = await read(undefined, [1 << 20]);
  for (const step of steps) {
    expectSame(await read(undefined, step), pipe, `pipe, steps of ${step.join(' ')}`);
    expectSame(await read(100, step), pipe, `pipe, slabs of 100, steps of ${step.join(' ')}`);
  }
  return file;
}

function expectSame(actual: Reading, expected: Reading, how: string): void {
  const facts = (reading: Reading): unknown => [
    reading.failure,
    reading.warnings,
    reading.boundaries,
    [...reading.facts.values()],
  ];
  if (!isDeepStrictEqual(facts(actual), facts(expected))) expect(facts(actual), how).toEqual(facts(expected));
  expect(isDeepStrictEqual(joined(actual.items), joined(expected.items)), how).toBe(true);
}

/** A payload that breaks off may have been handed out up to any place. */
function joined(items: readonly Item[]): readonly Item[] {
  const last = items.at(-1);
  return last !== undefined && 'bytes' in last ? items.slice(0, -1) : items;
}

test('whole and damaged streams', async () => {
  const edit = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5000 })), {
    minLength: 1,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(
      streamModel,
      fc.array(edit, { maxLength: 3 }),
      fc.nat(),
      fc.constantFrom(7, 100, 1000, 4096, 5000, 5001, 65536),
      steps,
      async (model, edits, cut, slab, step) => {
        const whole = (await writeModel(model.items, model.pageSize)).bytes;
        const bytes = whole.subarray(0, whole.length - (cut % 4 === 0 ? cut % whole.length : 0));
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        await sameInEveryWay(bytes, model.options, [slab], [step]);
      },
    ),
    cases(400),
  );
});

test('without bodies: the same spans, the same error, fewer bytes', async () => {
  const bare = (items: readonly Item[]): unknown[] =>
    items.map((item) => ('bytes' in item && item.kind !== 'trailing' ? { ...item, bytes: undefined } : item));
  await fc.assert(
    fc.asyncProperty(
      streamModel,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 2 }),
      fc.nat(),
      fc.boolean(),
      async (model, edits, cut, pipe) => {
        const whole = (await writeModel(model.items, model.pageSize)).bytes;
        const bytes = whole.subarray(0, whole.length - (cut % 3 === 0 ? cut % whole.length : 0));
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        const source = (): ByteSource => (pipe ? chunkedSource(bytes, [1000]) : memorySource(bytes));
        const full = await readItems(source(), model.options);
        const lean = await readItems(source(), { ...model.options, bodies: 'none' });
        expect([lean.failure?.code, lean.failure?.offset, lean.boundaries]).toEqual([
          full.failure?.code,
          full.failure?.offset,
          full.boundaries,
        ]);
        if (full.failure === undefined) expect(isDeepStrictEqual(bare(lean.items), bare(full.items))).toBe(true);
      },
    ),
    cases(300),
  );
});

describe('what is looked ahead at has one size', () => {
  const start: ModelItem[] = [
    { kind: 'section-open', type: 'start', section: { sectionId: 2, idstr: 'ram', instanceId: 0, versionId: 4 } },
    {
      kind: 'ram-blocks',
      total: 1 << 30,
      flags: 4,
      layout: 'plain',
      pageSize: 1024,
      blocks: [{ idstr: 'a', usedLength: 1 << 30 }],
      continues: false,
    },
    { kind: 'ram-mark', mark: 'eos', flags: 0x10, address: 0 },
    { kind: 'section-close', footer: true },
  ];
  const rest: ModelItem[] = [{ kind: 'eof' }];

  test('a configuration longer than any real one', async () => {
    for (const length of [MAX_CONFIGURATION - 100, MAX_CONFIGURATION, MAX_CONFIGURATION * 3]) {
      const unknown = {
        kind: 'unknown' as const,
        name: 'configuration/x',
        version: 1,
        bytes: new Uint8Array(length).fill(0x80),
      };
      const model: ModelItem[] = [
        { kind: 'header' },
        { kind: 'configuration', configuration: { machine: 'pc', subsections: [unknown] } },
        ...start,
        ...rest,
      ];
      const { bytes } = await writeModel(model, 4096);
      const { failure } = await sameInEveryWay(bytes, {}, [777, 1 << 17, 1 << 22], [[1000], [100_000]]);
      expect(failure?.code).toBe(length < MAX_CONFIGURATION - 90 ? undefined : 'limit-exceeded');
    }
  });

  test('thousands of capabilities', async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `capability${i}`);
    const model: ModelItem[] = [
      { kind: 'header' },
      {
        kind: 'configuration',
        configuration: { machine: 'pc', subsections: [{ kind: 'capabilities', version: 1, names }] },
      },
      ...start,
      ...rest,
    ];
    const { failure } = await sameInEveryWay((await writeModel(model, 4096)).bytes, {}, [777, 1 << 22], [[100_000]]);
    expect(failure?.code).toBe('limit-exceeded');
  });

  test('a page size that only a far record could tell', async () => {
    const page = (addr: number, named: boolean): Item => ({
      kind: 'page',
      page: { kind: 'zero', block: 0, addr, named, body: Uint8Array.of(0) },
    });
    // 63,000 records of 9 bytes fill what is looked at; the one behind them says that pages are 1 KiB.
    const pages = Array.from({ length: 63_000 }, (_, i) => page(i * 4096, i === 0));
    const model: ModelItem[] = [
      { kind: 'header' },
      ...start,
      { kind: 'section-open', type: 'part', section: { sectionId: 2, idstr: '', instanceId: 0, versionId: 0 } },
      ...pages,
      page(1024, false),
      { kind: 'ram-mark', mark: 'eos', flags: 0x10, address: 0 },
      { kind: 'section-close', footer: true },
      ...rest,
    ];
    const reading = await sameInEveryWay(
      (await writeModel(model, 1024)).bytes,
      {},
      [5000, 8191, 8192, 1 << 22],
      [[100_000], [6001]],
    );
    expect(reading.facts.get('target-page-size')).toMatchObject({ value: 4096, how: 'default' });
    expect(reading.failure?.code).toBe('bad-ram-flags');
  });
});
