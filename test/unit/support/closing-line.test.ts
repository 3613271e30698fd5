// The last line of a test run must never be better than the truth.

import { expect, test } from 'vitest';
import { closingLine, countTests } from '../../support/closing-line.js';

type Module = Parameters<typeof countTests>[0][number];

function module(states: readonly string[], errors: number, suiteErrors = 0): Module {
  const children = {
    allTests: () => states.map((state) => ({ result: () => ({ state }) })),
    allSuites: () => [{ errors: () => Array.from({ length: suiteErrors }, () => ({ message: 'hook' })) }],
  };
  return { children, errors: () => Array.from({ length: errors }, () => ({ message: 'load' })) } as unknown as Module;
}

test('counts tests by what became of them', () => {
  expect(countTests([module(['passed', 'failed', 'skipped'], 0), module(['passed', 'pending'], 0)], 0)).toEqual({
    passed: 2,
    failed: 1,
    skipped: 2,
  });
});

test('a file that does not load, a suite whose hook throws and a stray error are failures', () => {
  expect(countTests([module([], 1), module(['skipped'], 0, 1)], 1)).toEqual({ passed: 0, failed: 3, skipped: 1 });
});

test('nothing but the line', () => {
  expect(closingLine({ passed: 12, failed: 0, skipped: 3 })).toBe('12 passed, 0 failed, 3 skipped');
});
