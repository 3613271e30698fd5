// What everybody uses: escaping of names for terminals, numbers in two halves, the error class.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorCodes, MigrationStreamError } from '../../../src/base/errors.js';
import { escapeText, quote } from '../../../src/base/quote.js';
import { isPowerOfTwo, roundUp } from '../../../src/base/units.js';
import { latin1 } from '../../support/arbitraries/primitives.js';
import { cases } from '../../support/seed.js';

describe('escapeText', () => {
  test.each([
    ['pc.ram', 'pc.ram'],
    ['a\0b', 'a\\x00b'],
    ['\x1b[2J', '\\x1b[2J'],
    ['\x9b31m\x7f', '\\x9b31m\\x7f'],
    ['a\\b', 'a\\\\b'],
    ['"', '"'],
    ['../../etc', '../../etc'],
  ])('%j', (text, escaped) => expect(escapeText(text)).toBe(escaped));

  test('answers printable ASCII, and different names stay different', () => {
    fc.assert(
      fc.property(latin1(60), latin1(60), (one, other) => {
        expect(escapeText(one)).toMatch(/^[\x20-\x7e]*$/);
        if (one !== other) expect(escapeText(one)).not.toBe(escapeText(other));
      }),
      cases(500),
    );
  });

  test('quoted', () => expect(quote('a"b\n')).toBe('"a\\"b\\x0a"'));
});

test('isPowerOfTwo, to the bit', () => {
  for (let bits = 0; bits <= 52; bits += 1) {
    expect(isPowerOfTwo(2 ** bits)).toBe(true);
    if (bits > 1) expect(isPowerOfTwo(2 ** bits - 1)).toBe(false);
    if (bits > 0) expect(isPowerOfTwo(2 ** bits + 1)).toBe(false);
  }
  for (const not of [0, -1, -2, 0.5, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])
    expect(isPowerOfTwo(not)).toBe(false);
});

test('roundUp', () => {
  expect([roundUp(0, 4096), roundUp(1, 4096), roundUp(4096, 4096), roundUp(2 ** 40 + 1, 2 ** 20)]).toEqual([
    0,
    4096,
    4096,
    2 ** 40 + 2 ** 20,
  ]);
});

test('the error carries its facts in fields', () => {
  const cause = new Error('why');
  const error = new MigrationStreamError({
    code: 'truncated',
    message: 'short',
    offset: 5,
    path: ['a', 'b'],
    hint: { code: 'verify' },
    cause,
  });
  expect(error).toMatchObject({
    name: 'MigrationStreamError',
    code: 'truncated',
    message: 'short',
    offset: 5,
    path: ['a', 'b'],
    hint: { code: 'verify' },
    cause,
  });
  expect('cause' in new MigrationStreamError({ code: 'io', message: '' })).toBe(false);
  expect(new Set(errorCodes).size).toBe(errorCodes.length);
});
