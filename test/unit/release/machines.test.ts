// Machine types by release and architecture: the answers that reports rest on, and names of distributions.

import { describe, expect, test } from 'vitest';
import {
  machineInRelease,
  machineRange,
  isDistributionMachine,
  isMachineAlias,
} from '../../../src/release/machines.js';
import type { Architecture } from '../../../src/release/architecture.js';
import { release, versionText } from '../../../src/release/version.js';

const answers: readonly (readonly [machine: string, qemu: string, Architecture | undefined, kind: string])[] = [
  ['pc-i440fx-4.0', '10.0', 'x86', 'has'],
  ['pc-i440fx-4.0', '10.1', 'x86', 'gone'],
  ['pc-i440fx-4.0', '11.1', 'x86', 'gone'],
  ['pc-i440fx-5.2', '11.1', 'x86', 'has'],
  ['pc-i440fx-11.0', '10.2', 'x86', 'newer'],
  ['pc-1.0', '10.0', 'x86', 'gone'],
  ['pc-1.0', '5.2', 'x86', 'has'],
  ['pc-q35-4.0.1', '4.0', 'x86', 'newer'],
  ['pc-q35-4.0.1', '10.0', 'x86', 'has'],
  ['pc-i440fx-2.3', '9.0', 'x86', 'unknown'],
  ['pc-i440fx-bionic', '7.2', 'x86', 'distribution'],
  ['pc-q35-rhel9.6.0', '10.0', 'x86', 'distribution'],
  ['pc-i440fx-9.2+pve1', '10.0', 'x86', 'distribution'],
  ['pc-i440fx-5.3', '10.0', 'x86', 'unknown'],
  ['microvm', '10.0', 'x86', 'unknown'],
  ['virt', '7.2', 'riscv', 'unknown'],
  ['virt-4.0', '11.1', 'arm', 'gone'],
  ['virt-4.0', '10.0', undefined, 'has'],
  ['virt-6.0', '7.2', undefined, 'has'],
  ['virt-4.0', '7.2', 'riscv', 'unknown'],
];

test.each(answers)('%s in QEMU %s (%s): %s', (machine, qemu, architecture, kind) => {
  expect(machineInRelease(machine, release(qemu), architecture).kind).toBe(kind);
});

test('what follows from a rule is told from what was read', () => {
  expect(machineInRelease('pc-i440fx-4.0', release('10.1'), 'x86')).toMatchObject({ inferred: true });
  expect(machineInRelease('pc-i440fx-4.0', release('11.1'), 'x86')).toMatchObject({ inferred: false });
});

describe('ranges', () => {
  test.each([
    ['pc-i440fx-4.0', 'x86', '4.0', '10.0'],
    ['virt-4.2', 'arm', '4.2', '10.1'],
    ['pc-i440fx-2.3', 'x86', '2.3', '8.2'],
    ['pc-i440fx-11.1', 'x86', '11.1', undefined],
  ] as const)('%s', (machine, architecture, since, until) => {
    const range = machineRange(machine, architecture);
    expect(range?.since && versionText(range.since)).toBe(since);
    expect(range?.until && versionText(range.until)).toBe(until);
  });

  test.each(['microvm', 'q800', 'virt', 'pc-q35-rhel9.6.0', ''])('none of %j', (machine) => {
    expect(machineRange(machine, undefined)).toBeUndefined();
  });
});

test('names of distributions', () => {
  for (const name of ['pc-i440fx-focal', 'ubuntu', 'rhel6.6.0', 's390-ccw-virtio-jammy', 'pseries-rhel7.6.0-sxxm'])
    expect(isDistributionMachine(name), name).toBe(true);
  for (const name of ['pc-i440fx-10.0', 'pc-q35-4.0.1', 'pseries-2.12-sxxm', 'microvm', 'virt', 'isapc', ''])
    expect(isDistributionMachine(name), name).toBe(false);
});

test('an alias is one only where machine types have versions', () => {
  expect(isMachineAlias('virt', 'arm')).toBe(true);
  expect(isMachineAlias('virt', 'riscv')).toBe(false);
  expect(isMachineAlias('virt', undefined)).toBe(false);
  expect(isMachineAlias('pc', undefined)).toBe(true);
  expect(isMachineAlias('pc-i440fx', 'x86')).toBe(true);
});
