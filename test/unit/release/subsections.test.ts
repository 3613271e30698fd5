// Subsections by architecture: a table of one architecture answers for no other.

import { expect, test } from 'vitest';
import { knowsSubsection } from '../../../src/release/subsections.js';
import { atLeast, release, releases, versionText } from '../../../src/release/version.js';

const at = (text: string): { since: ReturnType<typeof release>; until: ReturnType<typeof release> } => ({
  since: release(text),
  until: release(text),
});

test.each([
  ['x86', '4.1', 'cpu/pkru', true],
  ['x86', '4.1', 'cpu/nested_state', undefined],
  ['x86', '4.0', 'cpu/nested_state', false],
  ['x86', '7.2', 'cpu/fred', false],
  ['x86', '9.0', 'cpu/fred', undefined],
  ['x86', '10.0', 'cpu/fred', true],
  ['x86', '10.0', 'cpu/wfxt-timer', false],
  ['arm', '7.2', 'cpu/wfxt-timer', false],
  ['arm', '11.1', 'cpu/wfxt-timer', true],
  ['arm', '11.1', 'cpu/iwmmxt', false],
  ['ppc', '10.0', 'cpu/rtas_stopped', false],
  ['riscv', '7.2', 'cpu/timer', false],
  ['m68k', '7.2', 'cpu/pkru', undefined],
  [undefined, '7.2', 'cpu/pkru', undefined],
  [undefined, '10.0', 'virtio/128bit_features', false],
  [undefined, '7.2', 'something/else', undefined],
] as const)('%s %s %s: %s', (architecture, qemu, name, knows) => {
  expect(knowsSubsection(architecture, at(qemu), name)).toBe(knows);
});

test('a range in which some releases have it answers nothing', () => {
  expect(knowsSubsection('x86', { since: release('7.2'), until: release('10.0') }, 'cpu/fred')).toBeUndefined();
  expect(knowsSubsection('x86', { since: release('10.0'), until: undefined }, 'cpu/fred')).toBe(true);
  expect(knowsSubsection('x86', { since: undefined, until: release('7.2') }, 'cpu/fred')).toBe(false);
});

test('releases are in order', () => {
  for (const [index, one] of releases.entries())
    if (index > 0) expect(atLeast(one, releases[index - 1]!), versionText(one)).toBe(true);
});
