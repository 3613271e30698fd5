// Edits: values at their width, bytes in and out, and a description that fits afterwards.

import { describe, expect, test } from 'vitest';
import { MigrationStreamError } from '../../../src/base/errors.js';
import { decodeDevice } from '../../../src/devices/index.js';
import {
  DeviceEdit,
  findDevices,
  findInDevice,
  findNodes,
  type DeviceState,
  type EditValue,
} from '../../../src/vmstate/index.js';
import { decodeHex, deviceOf, header, show } from '../../support/vmstate-build.js';

const point =
  '{"vmsd_name": "point", "version": 1, "fields": [{"name": "x", "type": "uint8", "size": 1}, {"name": "y", "type": "uint8", "size": 1}]}';
const fields = [
  '{"name": "a", "type": "uint16", "size": 2}',
  '{"name": "s", "type": "struct", "struct": {"vmsd_name": "s", "version": 1, "fields": [{"name": "t", "type": "timer", "size": 8}], "subsections": [{"vmsd_name": "s/x", "version": 1, "fields": [{"name": "f", "type": "bool", "size": 1}]}]}, "size": 18}',
  `{"name": "p", "array_len": 2, "type": "struct", "struct": ${point}, "size": 2}`,
  `{"name": "e", "index": 0, "type": "struct", "struct": ${point}, "size": 2}`,
  `{"name": "e", "index": 1, "type": "struct", "struct": ${point}, "size": 2}`,
  '{"name": "mac", "array_len": 6, "type": "uint8", "size": 1}',
  '{"name": "b", "type": "buffer", "size": 3}',
].join();
const hex = `0102 ffffffffffffffff ${header('s/x')} 01 10111213 20212223 525400123456 aabbcc ${header('dev/y')} 07`;
const device = deviceOf(
  fields,
  '{"vmsd_name": "dev/y", "version": 1, "fields": [{"name": "v", "type": "int8", "size": 1}]}',
);
const state = decodeHex(device, hex, 500);

function edited(change: (edit: DeviceEdit) => void): DeviceState {
  const edit = new DeviceEdit(state);
  change(edit);
  const { device: after, bytes } = edit.apply();
  return decodeDevice(after, bytes);
}

function differences(after: DeviceState): string[] {
  const before = new Set(show(state));
  const now = new Set(show(after));
  return [
    ...show(state)
      .filter((line) => !now.has(line))
      .map((line) => `- ${line}`),
    ...show(after)
      .filter((line) => !before.has(line))
      .map((line) => `+ ${line}`),
  ];
}

function refusal(change: (edit: DeviceEdit) => void): string {
  try {
    edited(change);
  } catch (error) {
    if (error instanceof MigrationStreamError && error.code === 'cannot-encode') return error.message;
    throw error;
  }
  return 'none';
}

describe('set', () => {
  test.each<[string, EditValue, string[]]>([
    ['a', 65535, ['- a=258', '+ a=65535']],
    ['a', '0xabcd', ['- a=258', '+ a=43981']],
    ['s.t', '5', ['- s.t=-1n', '+ s.t=5n']],
    ['s.t', -9223372036854775808n, ['- s.t=-1n', '+ s.t=-9223372036854775808n']],
    ['s.s/x.f', 'false', ['- s.s/x.f=true', '+ s.s/x.f=false']],
    ['p[1].y', 0, ['- p[1].y=19', '+ p[1].y=0']],
    ['e[1].x', 0, ['- e[1].x=34', '+ e[1].x=0']],
    ['dev/y.v', '-128', ['- dev/y.v=7', '+ dev/y.v=-128']],
    ['b', '01:02:03', ['- b?aabbcc', '+ b?010203']],
    ['mac', '52:54:00:12:34:57', ['- mac[5]=86', '+ mac[5]=87']],
    ['mac', [82, 84, 0, 0x12, 0x34, '0x57'], ['- mac[5]=86', '+ mac[5]=87']],
  ])('%s to %s', (path, value, expected) => {
    expect(differences(edited((edit) => edit.set(path, value)))).toEqual(expected);
  });

  test.each<[string, EditValue, string]>([
    ['a', 65536, 'dev.a: 65536 is no uint16 (0 to 65535)'],
    ['a', '-1', 'dev.a: -1 is no uint16 (0 to 65535)'],
    ['a', '1.5', 'dev.a: "1.5" is no integer'],
    ['a', 'abc', 'dev.a: "abc" is no integer'],
    ['a', true, 'dev.a: true is no uint16 (0 to 65535)'],
    [
      's.t',
      '9223372036854775808',
      'dev.s.t: 9223372036854775808 is no timer (-9223372036854775808 to 9223372036854775807)',
    ],
    ['s.s/x.f', '256', 'dev.s.s/x.f: 256 is no uint8 (0 to 255)'],
    ['s', 1, 'dev.s is a struct: set one of its fields, or its bytes'],
    ['p', '1', 'dev.p is an array of 2 elements'],
    ['mac', '00', 'dev.mac has 6 elements, not 1'],
    ['b', '0102', 'dev.b holds 3 bytes, not 2'],
    ['b', '012', 'dev.b: "012" is no string of hex digits in pairs'],
    ['s.s/x.@header', '00', 'dev.s.s/x.@header is framing, not a value'],
    ['nowhere', 1, '0 fields of dev are called nowhere'],
    ['p[7].x', 1, '0 fields of dev are called p[7].x'],
    ['p[*].x', 1, '2 fields of dev are called p[*].x'],
  ])('%s to %s is refused', (path, value, message) => {
    expect(refusal((edit) => edit.set(path, value))).toBe(message);
  });

  test('reports what was and what is', () => {
    const edit = new DeviceEdit(state);
    edit.set('a', 1);
    const [change] = edit.apply().changes;
    expect(change).toEqual({
      kind: 'set',
      path: 'dev.a',
      offset: 500,
      before: Uint8Array.of(1, 2),
      after: Uint8Array.of(0, 1),
      values: [258, 1],
    });
  });

  test('the same place twice is refused', () => {
    expect(
      refusal((edit) => {
        edit.set('mac', '525400123456');
        edit.set('mac[0]', 1);
      }),
    ).toBe('dev.mac is changed twice: also as dev.mac[0]');
  });
});

describe('bytes', () => {
  test('in place of others', () => {
    expect(differences(edited((edit) => edit.setBytes('p', Uint8Array.of(0x10, 0x11, 0, 0))))).toEqual([
      '- p[1].x=18',
      '- p[1].y=19',
      '+ p[1].x=0',
      '+ p[1].y=0',
    ]);
    expect(refusal((edit) => edit.setBytes('p', Uint8Array.of(1)))).toBe(
      'dev.p has 4 bytes, not 1; insert and delete change lengths',
    );
  });

  test.each<[string, string[]]>([
    ['a', ['+ inserted?eeff']],
    ['s.t', ['+ s.inserted?eeff']],
    ['e[1]', []],
    ['b', ['+ inserted?eeff']],
    ['s.s/x.f', ['+ s.s/x.inserted?eeff']],
  ])('before %s', (path, expected) => {
    const after = edited((edit) => edit.insertBytes(path, Uint8Array.of(0xee, 0xff)));
    if (expected.length > 0) expect(differences(after)).toEqual(expected);
    expect(after.bytes.length).toBe(state.bytes.length + 2);
    expect(show(after).filter((line) => line.includes('@rest'))).toEqual([]);
  });

  test('behind a field, and inside what one entry describes: that becomes a buffer', () => {
    expect(differences(edited((edit) => edit.insertBytes('a', Uint8Array.of(1), 'after')))).toEqual(['+ inserted?01']);
    expect(differences(edited((edit) => edit.insertBytes('p[1]', Uint8Array.of(1), 'before')))).toEqual([
      '- p[0].x=16',
      '- p[0].y=17',
      '- p[1].x=18',
      '- p[1].y=19',
      '+ p?1011011213',
    ]);
  });

  test.each<[string, string[]]>([
    ['a', ['- a=258']],
    ['s.t', ['- s.t=-1n']],
    ['s.s/x', [`- s.s/x.@header#${header('s/x')}`, '- s.s/x.f=true']],
    ['dev/y', [`- dev/y.@header#${header('dev/y')}`, '- dev/y.v=7']],
    ['p', ['- p[0].x=16', '- p[0].y=17', '- p[1].x=18', '- p[1].y=19']],
    ['e', ['- e[0].x=32', '- e[0].y=33', '- e[1].x=34', '- e[1].y=35']],
    ['b', ['- b?aabbcc']],
  ])('%s taken out', (path, expected) => {
    expect(differences(edited((edit) => edit.deleteBytes(path)))).toEqual(expected);
  });

  test('a whole device is not taken out of itself', () => {
    expect(refusal((edit) => edit.deleteBytes(''))).toBe('dev is a whole device: drop its section');
  });

  test('not among subsections, nor at framing', () => {
    const at = (path: string, where: 'before' | 'after') =>
      refusal((edit) => edit.insertBytes(path, Uint8Array.of(1), where));
    expect(at('dev/y', 'after')).toBe('dev.dev/y stands among subsections: nothing else can be put there');
    expect(at('dev/y.@header', 'before')).toBe('dev.dev/y.@header is framing: nothing can be put there');
    expect(refusal((edit) => edit.deleteBytes('dev/y.@header'))).toBe(
      'dev.dev/y.@header is framing: take out what it frames',
    );
    expect(differences(edited((edit) => edit.insertBytes('dev/y', Uint8Array.of(1))))).toEqual(['+ inserted?01']);
  });

  test('a subsection put in, at the end of its table', () => {
    const part = deviceOf('{"name": "n", "type": "uint8", "size": 1}', '', 's/new').vmsd;
    expect(differences(edited((edit) => edit.insertSubsection('s', part, Uint8Array.of(9))))).toEqual([
      `+ s.s/new.@header#${header('s/new')}`,
      '+ s.s/new.n=9',
    ]);
  });

  test('several at once, by the paths of before', () => {
    const after = edited((edit) => {
      edit.deleteBytes('a');
      edit.set('mac[0]', 0);
      edit.insertBytes('b', Uint8Array.of(1));
      edit.deleteBytes('dev/y');
    });
    expect(differences(after)).toEqual([
      '- a=258',
      '- mac[0]=82',
      `- dev/y.@header#${header('dev/y')}`,
      '- dev/y.v=7',
      '+ mac[0]=0',
      '+ inserted?01',
    ]);
  });
});

describe('finding', () => {
  const other = decodeDevice({ ...device, instanceId: 1 }, state.bytes);
  const paths = (pattern: string) => findNodes([state, other], pattern).map((node) => node.fullPath);

  test.each([
    ['dev/0.a', ['dev.a']],
    ['dev/1.a', ['dev/1.a']],
    ['dev.a', ['dev.a', 'dev/1.a']],
    ['dev/0', ['dev']],
    ['dev/1.p[*].x', ['dev/1.p[0].x', 'dev/1.p[1].x']],
    ['dev/1.e[1]', ['dev/1.e[1]']],
    ['*/x.f', ['dev.s.s/x.f', 'dev/1.s.s/x.f']],
    ['dev/1.*', ['a', 's', 'p', 'e', 'mac', 'b', 'dev/y'].map((name) => `dev/1.${name}`)],
    ['dev/1.p[2]', []],
    ['de', []],
    ['dev/1.s.t.u', []],
  ])('%s', (pattern, expected) => {
    expect(paths(pattern)).toEqual(expected);
  });

  test('inside a device, and devices', () => {
    expect(findInDevice(state, '*.x').map((node) => node.path)).toEqual(['p[0].x', 'p[1].x', 'e[0].x', 'e[1].x']);
    expect(findDevices([state, other], 'd*').length).toBe(2);
    expect(findDevices([state, other], 'dev/1')).toEqual([other]);
  });
});
