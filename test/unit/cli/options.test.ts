// Values of options: numbers and spans as people type them, and what is refused.
import { expect, test } from 'vitest';
import { byteCount, openOptions, spanOption } from '../../../src/cli/options.js';
import { UsageError } from '../../../src/cli/usage-error.js';

test.each([
  ['4096', 4096],
  ['0x1000', 4096],
  ['4K', 4096],
  ['4k', 4096],
  ['4KiB', 4096],
  ['2M', 2 * 1024 ** 2],
  ['1G', 1024 ** 3],
])('%s bytes', (text, bytes) => {
  expect(byteCount('size', text)).toBe(bytes);
});

test.each(['', 'K', '-1', '1.5K', '4096x', '0x', '9007199254740993', '1e3', '8388608T'])(
  '"%s" is no number of bytes',
  (text) => {
    expect(() => byteCount('size', text)).toThrow(UsageError);
  },
);

test.each([
  ['10-20', 0x10, 0x20],
  ['0x10-0x20', 0x10, 0x20],
  ['10+10', 0x10, 0x20],
  ['0xff+1', 0xff, 0x100],
])('span %s', (text, start, end) => {
  expect(spanOption('hex', text)).toEqual({ start, end });
});

test.each(['', '10', '20-10', '10-10', '10+0', '10-', '-10', 'x-y', '10--20', '0-fffffffffffffffff'])(
  '"%s" is no span',
  (text) => {
    expect(() => spanOption('hex', text)).toThrow(UsageError);
  },
);

test('reading options', () => {
  expect(openOptions({})).toEqual({
    dialect: undefined,
    targetPageSize: undefined,
    footers: undefined,
    containers: { snapshot: undefined, member: undefined, offset: undefined, spool: undefined },
  });
  expect(openOptions({ dialect: '4.0', pageSize: '64K', footers: 'off' })).toMatchObject({
    dialect: '4.0',
    targetPageSize: 65536,
    footers: false,
  });
  for (const pageSize of ['512', '128K', '5000']) expect(() => openOptions({ pageSize })).toThrow(UsageError);
});
