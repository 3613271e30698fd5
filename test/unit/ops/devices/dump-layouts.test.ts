// Layouts out of -dump-vmstate documents: solved when there is one way to read the payload, refused when there are
// several or none, and quick about documents that mean harm. Real dumps are in test/e2e/devices.test.ts.
import { describe, expect, test } from 'vitest';
import { MigrationStreamError } from '../../../../src/base/errors.js';
import { memorySource } from '../../../../src/bytes/source.js';
import { layoutsOfDump } from '../../../../src/ops/devices/dump-layouts.js';
import { readLayouts } from '../../../../src/ops/devices/schema-from.js';
import { decodeDevice } from '../../../../src/devices/index.js';
import { leaves, type DeviceSchema } from '../../../../src/vmstate/index.js';
import { fixtureBytes } from '../../../support/fixtures.js';
import { devicesOf } from '../../../support/vmstate.js';

type Json = Record<string, unknown>;
const field = (name: string, size: number, more: Json = {}): Json => ({
  field: name,
  version_id: 0,
  field_exists: false,
  size,
  ...more,
});
const table = (name: string, fields: Json[], subsections: Json[] = [], version = 1): Json => ({
  name,
  version_id: version,
  minimum_version_id: 1,
  Fields: fields,
  Subsections: subsections,
});
const json = (value: Json): Uint8Array => Buffer.from(JSON.stringify(value), 'latin1');
const dump = (...tables: Json[]): Json => ({
  vmschkmachine: { Name: 'pc' },
  ...Object.fromEntries(tables.map((one, i) => [`type${i}`, { Name: one['name'], version_id: 1, Description: one }])),
});
const section = (idstr: string, versionId = 1) => ({ sectionId: 1, idstr, instanceId: 0, versionId });
const header = (name: string): number[] => [5, name.length, ...Buffer.from(name), 0, 0, 0, 1];
const solve = (tables: Json[], bytes: readonly number[], idstr = 'dev', version = 1): DeviceSchema | string =>
  layoutsOfDump(json(dump(...tables)), 'DUMP').layoutOf(section(idstr, version), Uint8Array.from(bytes));

function shape(device: DeviceSchema | string, bytes: readonly number[]): string[] | string {
  if (typeof device === 'string') return device;
  return [...leaves(decodeDevice(device, Uint8Array.from(bytes)).root)].map(
    (leaf) => `${leaf.path}@${leaf.start}+${leaf.end - leaf.start}`,
  );
}

describe('solved', () => {
  test('scalars, an array, a timer, what is not there, a subsection that is', () => {
    const tables = [
      table(
        'dev',
        [field('a', 4), field('many', 2, { num: 3 }), field('timer', 48), field('maybe', 8, { field_exists: true })],
        [table('dev/x', [field('b', 1)]), table('dev/y', [field('c', 2)])],
      ),
    ];
    const bytes = [...new Array<number>(4 + 6 + 8).fill(1), ...header('dev/y'), 9, 9];
    expect(shape(solve(tables, bytes, '0000:00:01.0/dev'), bytes)).toEqual([
      'a@0+4',
      'many[0]@4+2',
      'many[1]@6+2',
      'many[2]@8+2',
      'timer@10+8',
      'dev/y.@header@18+11',
      'dev/y.c@29+2',
    ]);
  });

  test('structs with subsections of their own', () => {
    const inner = table('inner', [field('i', 1)], [table('inner/s', [field('j', 1)])]);
    const bytes = [1, ...header('inner/s'), 2, 3, 4];
    expect(
      shape(solve([table('dev', [field('in', 100, { num: 2, Description: inner }), field('z', 1)])], bytes), bytes),
    ).toEqual(['in[0].i@0+1', 'in[0].inner/s.@header@1+13', 'in[0].inner/s.j@14+1', 'in[1].i@15+1', 'z@16+1']);
  });
});

describe('not believed', () => {
  test.each<[string, Json[], number[], RegExp]>([
    [
      'two ways',
      [table('dev', [field('a', 4, { field_exists: true }), field('b', 4, { field_exists: true })])],
      [1, 2, 3, 4],
      /more than one way/,
    ],
    [
      'two tables of that name',
      [table('dev', [field('a', 4)]), table('dev', [field('b', 2), field('c', 2)])],
      [1, 2, 3, 4],
      /more than one way/,
    ],
    ['no way', [table('dev', [field('a', 4, { num: 2 })])], [1, 2, 3], /lists, variable arrays/],
    ['arrays of unknown length', [table('dev', [field('a', 4)])], [1, 2, 3, 4, 5, 6, 7, 8], /before 8\.0/],
    [
      'a length that is known only when it is written',
      [table('dev', [field('a', 0), field('b', 1)])],
      [1],
      /before 8\.0/,
    ],
    ['another version', [table('dev', [field('a', 1)], [], 2)], [1], /has version 2 of "dev"/],
    ['another device', [table('ved', [field('a', 1)])], [1], /has no device "dev"/],
  ])('%s', (_, tables, bytes, words) => {
    expect(solve(tables, bytes)).toMatch(words);
  });
});

describe('hostile', () => {
  const many = Array.from({ length: 5000 }, (_, i) => field(`f${i}`, 1, { field_exists: true }));
  const deep = (levels: number): Json =>
    levels === 0 ? table('t', [field('a', 1)]) : table('t', [field('a', 1, { Description: deep(levels - 1) })]);

  test.each<[string, Json, number]>([
    ['every field optional', table('dev', many), 2500],
    [
      'very wide',
      table(
        'dev',
        many.map((one) => ({ ...one, field_exists: false })),
      ),
      5000,
    ],
    [
      'a billion elements',
      table('dev', [field('a', 1, { num: 1e9, Description: table('t', [field('x', 1, { field_exists: true })]) })]),
      50,
    ],
    ['a billion elements of nothing', table('dev', [field('a', 1, { num: 1e9, Description: table('t', []) })]), 50],
    ['sizes without end', table('dev', [field('a', Number.MAX_SAFE_INTEGER, { num: Number.MAX_SAFE_INTEGER })]), 50],
    ['deep', { ...deep(60), name: 'dev' }, 1],
    [
      'odd values',
      { name: 'dev', version_id: 'x', Fields: [1, null, { field: {}, size: -1 }], Subsections: 'no' } as Json,
      4,
    ],
  ])('%s: an answer', (_, one, length) => {
    const answer = layoutsOfDump(json(dump(one)), 'DUMP').layoutOf(
      section('dev', one['version_id'] === 'x' ? 0 : 1),
      new Uint8Array(length),
    );
    expect(typeof answer === 'string' || answer.vmsd.name === 'dev').toBe(true);
  });

  test.each<[string, string]>([
    ['too deep', `{"vmschkmachine":${'['.repeat(300)}${']'.repeat(300)}}`],
    ['too many values', `{"vmschkmachine":[${'1,'.repeat(200_000)}1]}`],
    ['no JSON', '{"vmschkmachine":'],
    ['no devices', '{"vmschkmachine":{"Name":"pc"}}'],
    [
      'tables that nest too deep',
      JSON.stringify(dump({ ...deep(80), name: 'x' })).replace(
        '"a"',
        `"a", "Description": ${'{"Fields":[{"Description":'.repeat(60)}{}${'}]}'.repeat(60)}`,
      ),
    ],
    ['another JSON', '{"a":1}'],
    ['a list', '[]'],
    ['nothing', ''],
  ])('%s: a typed error', async (_, text) => {
    const error: unknown = await readLayouts(memorySource(Buffer.from(text), 'FILE')).catch(
      (thrown: unknown) => thrown,
    );
    if (error instanceof MigrationStreamError)
      expect(['bad-vmdescription', 'not-a-stream', 'truncated']).toContain(error.code);
    else expect((error as { origin?: string }).origin).toBe('dump');
  });
});

test('a vmdescription alone, as JSON, is as good as its stream', async () => {
  const { json } = (await devicesOf(fixtureBytes('7.2.22-plain')))!;
  const { origin, layoutOf } = await readLayouts(memorySource(json, 'FILE'));
  expect([origin, layoutOf(section('port92'), Uint8Array.of(2))]).toEqual([
    'stream',
    expect.objectContaining({ name: 'port92' }),
  ]);
});
