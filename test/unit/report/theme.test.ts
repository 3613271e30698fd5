// Who decides about colour, in which order.
import { expect, test } from 'vitest';
import { colourLevel, makeTheme, plainTheme } from '../../../src/report/theme.js';

test.each([
  ['auto', {}, false, 0],
  ['auto', {}, true, 1],
  ['auto', { TERM: 'dumb' }, true, 0],
  ['auto', { NO_COLOR: '1' }, true, 0],
  ['auto', { NO_COLOR: '' }, true, 1],
  ['auto', { FORCE_COLOR: '1' }, false, 1],
  ['auto', { FORCE_COLOR: '' }, false, 1],
  ['auto', { FORCE_COLOR: '3' }, false, 3],
  ['auto', { FORCE_COLOR: '0' }, true, 0],
  ['auto', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, 0],
  ['always', { NO_COLOR: '1' }, false, 1],
  ['never', { FORCE_COLOR: '1' }, true, 0],
] as const)('--color=%s, %o, terminal %s: %i', (choice, env, isTTY, level) => {
  expect(colourLevel(choice, env, isTTY)).toBe(level);
});

test('no colour leaves text alone, colour wraps it', async () => {
  expect(await makeTheme(0)).toBe(plainTheme);
  expect((await makeTheme(1)).error('x')).toBe('\u001b[1m\u001b[31mx\u001b[39m\u001b[22m');
});
