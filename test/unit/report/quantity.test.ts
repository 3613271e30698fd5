// Numbers for people.
import { expect, test } from 'vitest';
import {
  bytesText,
  countText,
  hexText,
  humanBytes,
  offsetText,
  percentText,
  plural,
} from '../../../src/report/quantity.js';

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [2433024, '2.32 MiB'],
  [141280, '138 KiB'],
  [1024 ** 3 * 64, '64 GiB'],
  [2 ** 52, '4 PiB'],
])('%i is %s', (bytes, text) => {
  expect(humanBytes(bytes)).toBe(text);
});

test('exact and human', () => {
  expect(bytesText(141280)).toBe('141,280 bytes (138 KiB)');
  expect(bytesText(12)).toBe('12 bytes');
  expect(countText(1234567)).toBe('1,234,567');
  expect(countText(999)).toBe('999');
});

test('offsets, shares, plurals', () => {
  expect(offsetText(0x54a0)).toBe('0x000054a0');
  expect(offsetText(0x123456789)).toBe('0x123456789');
  expect(hexText(0xffff0000n)).toBe('0xffff0000');
  expect(percentText(1, 3)).toBe('33.3 %');
  expect(percentText(0, 0)).toBe('');
  expect(plural(1, 'page')).toBe('1 page');
  expect(plural(2000, 'page')).toBe('2,000 pages');
});
