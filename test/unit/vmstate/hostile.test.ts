// Descriptions by somebody who wants us to hang, to fall over or to run out of memory: wide, deep, gigantic,
// contradictory.

import { describe, expect, test } from 'vitest';
import { coverageOf, meaningOf, decodeDevice } from '../../../src/devices/index.js';
import { encodeDevice, findInDevice, leaves, parseSchema, type DeviceSchema } from '../../../src/vmstate/index.js';
import { deviceOf } from '../../support/vmstate-build.js';

const u8 = (name: string): string => `{"name":"${name}","type":"uint8","size":1}`;
const count = (device: DeviceSchema, bytes: Uint8Array): number => [...leaves(decodeDevice(device, bytes).root)].length;

/** In a few seconds also on a busy machine; what is quadratic takes minutes. */
const QUICK = 20_000;

describe('in linear time', () => {
  test('names that alternate, so that each must be told from all before', { timeout: QUICK }, () => {
    const fields = Array.from({ length: 40_000 }, (_, i) => u8(i % 2 === 0 ? 'a' : 'b'));
    const state = decodeDevice(deviceOf(fields.join()), new Uint8Array(40_000));
    expect(new Set([...leaves(state.root)].map((leaf) => leaf.path)).size).toBe(40_000);
  });

  test('a name of two million dots beside a branch', { timeout: QUICK }, () => {
    const name = '.'.repeat(2_000_000);
    expect(
      count(
        deviceOf(
          `{"name":"s","type":"struct","struct":{"vmsd_name":"s","version":1,"fields":[${u8('x')}]},"size":1},${u8(name)}`,
        ),
        new Uint8Array(2),
      ),
    ).toBe(2);
  });

  test('ten thousand branches and as many names into them', { timeout: QUICK }, () => {
    const fields = Array.from(
      { length: 10_000 },
      (_, i) => `{"name":"s${i}","array_len":1,"type":"uint8","size":1},${u8(`s${i}[0]`)}`,
    );
    expect(count(deviceOf(fields.join()), new Uint8Array(20_000))).toBe(20_000);
  });

  test('a structure as deep as JSON may be', { timeout: QUICK }, () => {
    let field = u8('x');
    for (let i = 0; i < 80; i += 1)
      field = `{"name":"s","type":"struct","struct":{"vmsd_name":"s","version":1,"fields":[${field}]},"size":1}`;
    const state = decodeDevice(deviceOf(field), Uint8Array.of(7));
    expect(findInDevice(state, `${'s.'.repeat(80)}x`).length).toBe(1);
  });

  test('a million elements', { timeout: QUICK }, () => {
    const bytes = new Uint8Array(2_000_000).fill(7);
    const state = decodeDevice(deviceOf('{"name":"a","array_len":1000000,"type":"uint16","size":2}'), bytes);
    expect(findInDevice(state, 'a[999999]').map((node) => node.kind === 'leaf' && node.value)).toEqual([0x0707]);
    expect(coverageOf(state)).toMatchObject({ total: 2_000_000, opaque: 0 });
    expect(Buffer.from(encodeDevice(state)).equals(bytes)).toBe(true);
  });
});

describe('what bytes mean', () => {
  test('beside as many fields as there are bytes', { timeout: QUICK }, () => {
    const fields = Array.from({ length: 30_000 }, (_, i) => u8(`f${i}`)).join(',');
    const queue =
      '{"name":"queue.rptr","type":"int32","size":4},{"name":"queue.count","type":"int32","size":4},{"name":"queue.data","type":"buffer","size":30000}';
    const state = decodeDevice(deviceOf(`${fields},${queue}`, '', 'PS2 Common State'), new Uint8Array(60_008));
    const said = findInDevice(state, 'queue.data[*]').map((node) => meaningOf(node)?.label);
    expect([said.length, new Set(said)]).toEqual([30_000, new Set(['free'])]);
  });
});

describe('numbers that lie', () => {
  test.each(['9007199254740991', '4294967295', '1e15', '0.5', '-1', '1e999', 'null'])('array_len %s', (length) => {
    const state = decodeDevice(
      deviceOf(`${u8('x')},{"name":"a","array_len":${length},"type":"uint8","size":1}`),
      new Uint8Array(9),
    );
    expect([...leaves(state.root)].map((leaf) => [leaf.path, leaf.end - leaf.start])).toEqual([
      ['x', 1],
      ['@rest', 8],
    ]);
  });

  test('sizes whose product is no number', () => {
    expect(
      count(
        deviceOf('{"name":"a","array_len":9007199254740991,"type":"buffer","size":9007199254740991}'),
        new Uint8Array(3),
      ),
    ).toBe(1);
  });

  test('a tree with four milliard nodes', () => {
    const device = deviceOf('{"name":"g","type":"gtree","size":5}');
    expect(
      [...leaves(decodeDevice(device, Uint8Array.of(255, 255, 255, 255, 0)).root)].map((leaf) => leaf.reason),
    ).toEqual(['a tree of 4294967295 nodes, the description has 0 tables']);
  });
});

test('names are data', () => {
  for (const name of ['__proto__', 'constructor', 'toString', '${process.exit(1)}', '*', '[0]', '@header', '']) {
    const state = decodeDevice(
      deviceOf(
        `${u8(name)},{"name":"${name}","type":"struct","struct":{"vmsd_name":"${name}","version":1,"fields":[${u8(name)}]},"size":1}`,
        '',
        'dev',
      ),
      new Uint8Array(2),
    );
    expect(new Set([...leaves(state.root)].map((leaf) => leaf.path)).size).toBe(2);
  }
  expect(parseSchema(Buffer.from('{"__proto__": {"devices": [1]}, "devices": []}')).devices).toEqual([]);
});
