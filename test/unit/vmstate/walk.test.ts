// Trees from descriptions: every type and every spelling of arrays, and what happens where a description lies.

import { describe, expect, test } from 'vitest';
import { decodeDevice } from '../../../src/devices/index.js';
import { encodeDevice, leaves } from '../../../src/vmstate/index.js';
import { decodeHex, deviceOf, header, show } from '../../support/vmstate-build.js';

const tree = (fields: string, hex: string, subsections = ''): string[] => {
  const state = decodeHex(deviceOf(fields, subsections), hex);
  expect(Buffer.from(encodeDevice(state)).equals(state.bytes)).toBe(true);
  return show(state);
};

describe('types', () => {
  test.each([
    ['bool', 1, '01', 'true'],
    ['bool', 1, '00', 'false'],
    ['bool', 1, '02', '2'],
    ['int8', 1, 'ff', '-1'],
    ['uint8', 1, 'ff', '255'],
    ['int16', 2, 'fffe', '-2'],
    ['uint16', 2, 'fffe', '65534'],
    ['int32', 4, '80000000', '-2147483648'],
    ['uint32', 4, '80000000', '2147483648'],
    ['int64', 8, 'ffffffffffffffff', '-1n'],
    ['uint64', 8, 'ffffffffffffffff', '18446744073709551615n'],
    ['uint8 equal', 1, '05', '5'],
    ['uint16 equal', 2, '0005', '5'],
    ['int32 equal', 4, 'ffffffff', '-1'],
    ['uint32 equal', 4, 'ffffffff', '4294967295'],
    ['int64 equal', 8, 'ffffffffffffffff', '18446744073709551615n'],
    ['int32 le', 4, '00000002', '2'],
    ['timer', 8, 'ffffffffffffffff', '-1n'],
    ['float64', 8, '3ff8000000000000', '1.5'],
    ['CPU_Double_U', 8, 'fff0000000000000', '-Infinity'],
    ['float64', 8, '7ff0000000000001', '9218868437227405313n'],
    ['fd', 1, '20', '32'],
    ['fd', 4, '00000007', '7'],
    ['nullptr', 1, '30', 'null'],
    ['ptr-marker', 1, '31', 'true'],
    ['ptr-marker', 1, '32', '50'],
  ])('%s of %i: %s', (type, size, hex, value) => {
    expect(tree(`{"name": "x", "type": "${type}", "size": ${size}}`, hex)).toEqual([`x=${value}`]);
  });

  test('unused bytes, opaque bytes, a bitmap', () => {
    expect(
      tree(
        '{"name": "unused", "type": "unused_buffer", "size": 2}, {"name": "b", "type": "buffer", "size": 2}, {"name": "m", "type": "bitmap", "size": 16}',
        `0000 abcd ${'00'.repeat(7)}01 ${'ff'.repeat(8)}`,
      ),
    ).toEqual(['unused-0000', 'b?abcd', 'm[0]=1n', 'm[1]=18446744073709551615n']);
  });

  test('a type that we do not know is bytes with a reason', () => {
    const state = decodeHex(deviceOf('{"name": "x", "type": "jtoken", "size": 3}'), '010203');
    expect([...leaves(state.root)].map((leaf) => [leaf.role, leaf.reason])).toEqual([
      ['opaque', 'type "jtoken": the description does not say what is in it'],
    ]);
  });

  test('a known type of another size is bytes with a reason', () => {
    const state = decodeHex(deviceOf('{"name": "x", "type": "uint32", "size": 3}'), '010203');
    expect([...leaves(state.root)].map((leaf) => [leaf.role, leaf.reason])).toEqual([
      ['opaque', 'described as 3 bytes of uint32'],
    ]);
  });
});

describe('tables in tables', () => {
  const point =
    '"vmsd_name": "point", "version": 1, "fields": [{"name": "x", "type": "uint8", "size": 1}, {"name": "y.z", "type": "uint8", "size": 1}]';

  test('struct, tmp, vstruct', () => {
    expect(
      tree(
        `{"name": "p", "type": "struct", "struct": {${point}}, "size": 2}, {"name": "t", "type": "tmp", ${point}, "size": 2}, {"name": "v", "type": "vstruct", ${point}, "size": 2}`,
        '010203040506',
      ),
    ).toEqual(['p.x=1', 'p.y.z=2', 't.x=3', 't.y.z=4', 'v.x=5', 'v.y.z=6']);
  });

  test('subsections of the device and of a struct inside it', () => {
    const part = (name: string) =>
      `{"vmsd_name": "${name}", "version": 1, "fields": [{"name": "f", "type": "uint16", "size": 2}]}`;
    const struct = `{"name": "k", "type": "struct", "struct": {"vmsd_name": "kbd", "version": 1, "fields": [{"name": "a", "type": "uint8", "size": 1}], "subsections": [${part('kbd/x')}]}, "size": 14}`;
    expect(
      tree(
        `${struct}, {"name": "b", "type": "uint8", "size": 1}`,
        `aa ${header('kbd/x')} 0102 bb ${header('dev/y')} 0304`,
        part('dev/y'),
      ),
    ).toEqual([
      'k.a=170',
      `k.kbd/x.@header#${header('kbd/x')}`,
      'k.kbd/x.f=258',
      'b=187',
      `dev/y.@header#${header('dev/y')}`,
      'dev/y.f=772',
    ]);
  });

  test('queues and lists', () => {
    expect(
      tree(
        `{"name": "q", "type": "qtailq", ${point}, ${point}, "size": 7}, {"name": "l", "type": "qlist", "size": 1}`,
        '01 0102 01 0304 00 00',
      ),
    ).toEqual([
      'q[0].@mark#1',
      'q[0].x=1',
      'q[0].y.z=2',
      'q[1].@mark#1',
      'q[1].x=3',
      'q[1].y.z=4',
      'q.@end#0',
      'l.@end#0',
    ]);
  });

  test('trees with keys of their own, and with plain keys', () => {
    const key = '"vmsd_name": "key", "version": 1, "fields": [{"name": "k", "type": "uint8", "size": 1}]';
    expect(tree(`{"name": "g", "type": "gtree", ${key}, ${point}, "size": 9}`, '00000001 01 07 0102 00')).toEqual([
      'g.@count#1',
      'g[0].@mark#1',
      'g[0].key.k=7',
      'g[0].value.x=1',
      'g[0].value.y.z=2',
      'g.@end#0',
    ]);
    expect(
      tree(`{"name": "g", "type": "gtree", ${point}, "size": 16}`, '00000001 01 0000000000000009 0102 00'),
    ).toEqual(['g.@count#1', 'g[0].@mark#1', 'g[0].@key#9n', 'g[0].x=1', 'g[0].y.z=2', 'g.@end#0']);
  });
});

describe('arrays', () => {
  const plain = (index?: number) =>
    `{"name": "a", ${index === undefined ? '' : `"index": ${index}, `}"type": "uint8", "size": 1}`;
  const all = ['a[0]=1', 'a[1]=2', 'a[2]=3'];

  test.each([
    ['counted', '{"name": "a", "array_len": 3, "type": "uint8", "size": 1}'],
    ['with index (9.2)', [plain(0), plain(1), plain(2)].join()],
    ['the last without (10.0)', [plain(0), plain(1), plain()].join()],
    ['none with (11.1)', [plain(), plain(), plain()].join()],
    ['in counted pieces', `${plain()}, {"name": "a", "array_len": 2, "type": "uint8", "size": 1}`],
  ])('%s', (_how, fields) => {
    expect(tree(fields, '010203')).toEqual(all);
  });

  test('entries of one name that are not neighbours are no array, and have paths of their own', () => {
    expect(tree(`${plain()}, {"name": "b", "type": "uint8", "size": 1}, ${plain()}`, '010203')).toEqual([
      'a=1',
      'b=2',
      'a@2=3',
    ]);
  });

  test('null pointers up to 9.2, in 10.0, and in 11.1', () => {
    const struct =
      '{"name": "a", "type": "struct", "struct": {"vmsd_name": "s", "version": 1, "fields": [{"name": "x", "type": "uint8", "size": 1}]}, "size": 1}';
    expect(tree(`${struct}, {"name": "a", "type": "struct", "struct": {}, "size": 1}`, '0130')).toEqual([
      'a[0].x=1',
      'a[1]=null',
    ]);
    expect(tree(`{"name": "a", "type": "nullptr", "size": 1}, ${struct}`, '3001')).toEqual(['a[0]=null', 'a[1].x=1']);
    const mark = '{"name": "a", "type": "ptr-marker", "size": 1}';
    expect(tree(`${mark}, ${mark}, ${struct}, ${mark}`, '30 31 07 30')).toEqual([
      'a[0]=null',
      'a[1].@present#true',
      'a[1].x=7',
      'a[2]=null',
    ]);
    expect(tree(`${mark}, ${struct}`, '31 07')).toEqual(['a.@present#true', 'a.x=7']);
    expect(tree(`${mark}, {"name": "a", "type": "uint8", "size": 1}`, '31 07')).toEqual([
      'a.@present#true',
      'a.value=7',
    ]);
  });

  test('of nothing, however many', () => {
    expect(
      tree(
        '{"name": "a", "array_len": 4294967295, "type": "buffer", "size": 0}, {"name": "b", "type": "uint8", "size": 1}',
        '01',
      ),
    ).toEqual(['b=1']);
  });
});

describe('a description that lies', () => {
  const reasons = (fields: string, hex: string, subsections = '') => {
    const state = decodeHex(deviceOf(fields, subsections), hex);
    expect(Buffer.from(encodeDevice(state)).equals(state.bytes)).toBe(true);
    return [...leaves(state.root)].map((leaf) => `${leaf.path} ${leaf.end - leaf.start} ${leaf.reason ?? ''}`.trim());
  };
  const x = '{"name": "x", "type": "uint8", "size": 1}';

  test.each([
    ['too short', x, '0102', '', ['x 1', '@rest 1 behind the last described field']],
    [
      'too long',
      `${x}, {"name": "y", "type": "uint32", "size": 4}`,
      '0102',
      '',
      ['x 1', '@rest 1 "y" is described with 4 bytes, 1 are left'],
    ],
    [
      'without size',
      `${x}, {"name": "y", "type": "uint32"}, ${x}`,
      '0102',
      '',
      ['x 1', '@rest 1 the description gives no size for "y"'],
    ],
    [
      'a struct of other size than its fields',
      `{"name": "s", "type": "struct", "struct": {"vmsd_name": "s", "version": 1, "fields": [${x}]}, "size": 2}`,
      '0102',
      '',
      ['s.x 1', 's.@rest 1 behind the last described field'],
    ],
    [
      'a subsection that is not there',
      x,
      `01 ${'00'.repeat(12)}`,
      `{"vmsd_name": "dev/y", "version": 1, "fields": [${x}]}`,
      ['x 1', '@rest 12 there is no subsection "dev/y"'],
    ],
    [
      'a subsection of another version',
      x,
      `01 ${header('dev/y', 2)} 00`,
      `{"vmsd_name": "dev/y", "version": 1, "fields": [${x}]}`,
      ['x 1', '@rest 12 there is no subsection "dev/y"'],
    ],
    [
      'a subsection that does not fit',
      x,
      '01',
      `{"vmsd_name": "dev/y", "version": 1, "fields": []}`,
      ['x 1', '@rest 0 no room for subsection "dev/y"'],
    ],
    [
      'a list whose mark is missing',
      `{"name": "q", "type": "qtailq", "vmsd_name": "e", "version": 1, "fields": [${x}], "size": 3}`,
      '020100',
      '',
      ['q.@rest 3 no mark before element 0'],
    ],
    [
      'a list that goes on',
      '{"name": "q", "type": "qtailq", "size": 3}',
      '000100',
      '',
      ['q.@end 1', 'q.@rest 2 behind the end mark of the list'],
    ],
    [
      'a tree with another count',
      `{"name": "g", "type": "gtree", "vmsd_name": "e", "version": 1, "fields": [${x}], "size": 5}`,
      '0000000900',
      '',
      ['g.@rest 5 a tree of 9 nodes, the description has 1 tables'],
    ],
  ])('%s', (_what, fields, hex, subsections, expected) => {
    expect(reasons(fields, hex, subsections)).toEqual(expected);
  });

  test('spans are absolute when the base is given', () => {
    const state = decodeHex(
      deviceOf(`${x}, {"name": "a", "type": "uint16", "size": 2, "array_len": 2}`),
      '0102030405',
      1000,
    );
    expect([...leaves(state.root)].map((leaf) => leaf.span)).toEqual([
      { start: 1000, end: 1001 },
      { start: 1001, end: 1003 },
      { start: 1003, end: 1005 },
    ]);
  });

  test('an empty payload and an empty description', () => {
    expect(show(decodeDevice(deviceOf(''), new Uint8Array(0)))).toEqual([]);
    expect(show(decodeDevice(deviceOf(''), Uint8Array.of(9)))).toEqual(['@rest?09']);
  });
});
