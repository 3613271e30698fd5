// The text of an error, line by line, and that it cannot drive a terminal.
import { expect, test } from 'vitest';
import { MigrationStreamError } from '../../../src/base/errors.js';
import { errorJson, errorText } from '../../../src/report/error.js';
import { plainTheme } from '../../../src/report/theme.js';

test('what, where, what next', () => {
  const error = new MigrationStreamError({
    code: 'truncated',
    message: 'page record needs 4096 bytes, 1312 remain',
    offset: 0x5e05c2c3,
    path: ['section 2 "ram"', 'part 17', 'page record (mem0 + 0x3fe000)'],
    hint: { code: 'cut' },
  });
  expect(errorText(error, plainTheme)).toBe(
    'truncated: page record needs 4096 bytes, 1312 remain\n' +
      '  at 0x5e05c2c3 in section 2 "ram" > part 17 > page record (mem0 + 0x3fe000)\n' +
      '  hint: the file ends too early: was the migration cancelled, or the copy cut short?\n',
  );
  expect(errorJson(error)).toMatchObject({
    code: 'truncated',
    offset: 0x5e05c2c3,
    hint: expect.stringContaining('cancelled'),
  });
});

test('lines that have nothing to say are not there', () => {
  expect(errorText(new MigrationStreamError({ code: 'io', message: 'cannot open x' }), plainTheme)).toBe(
    'io: cannot open x\n',
  );
  expect(errorText(new MigrationStreamError({ code: 'io', message: 'm', offset: 0 }), plainTheme)).toBe(
    'io: m\n  at 0x0\n',
  );
  expect(errorText(new MigrationStreamError({ code: 'io', message: 'm', path: ['a'] }), plainTheme)).toBe(
    'io: m\n  in a\n',
  );
});

test('what comes from the file cannot drive the terminal', () => {
  const evil = 'a\u001b[31mb\u009b2Jc\u0000\r\u202e';
  const error = new MigrationStreamError({
    code: 'bad-string',
    message: evil,
    path: [`${evil}\nx`],
    hint: { code: 'name-state', names: evil },
  });
  const text = errorText(error, plainTheme);
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(text.split('\n')).toHaveLength(4);
  expect(text).toContain('a\\x1b[31mb\\x9b2Jc\\x00\\x0d\\u202e');
});
