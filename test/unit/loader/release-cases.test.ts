// What people met: machine types that a release does not have (or no table knows), CPUs of other architectures, and a
// message without its second sentence.

import { describe, expect, test } from 'vitest';
import { builtinDestination } from '../../../src/destination/builtin-destination.js';
import { predict, type Prediction } from '../../../src/loader/index.js';
import { explain } from '../../../src/ops/explain/explain.js';
import { verifyStream, type Verification } from '../../../src/ops/verify/verify.js';
import { memorySource } from '../../../src/bytes/source.js';
import { openStream } from '../../../src/open/open-stream.js';
import { release } from '../../../src/release/version.js';
import { fixtureBytes } from '../../support/fixtures.js';

async function against(name: string, qemu: string, machine?: string): Promise<Prediction> {
  const bytes = fixtureBytes(name);
  const destination = await builtinDestination(memorySource(bytes), { version: release(qemu), machine });
  return predict(memorySource(bytes), destination);
}

async function verified(name: string): Promise<Verification> {
  const stream = await openStream(memorySource(fixtureBytes(name)), { bodies: 'devices' });
  try {
    return await verifyStream(stream);
  } finally {
    await stream.close();
  }
}

describe('machine types', () => {
  test('one that the release has removed is rejected, and the range of the same report agrees', async () => {
    const { verdict, explanation } = await against('4.0.0-plain', '11.1');
    expect(verdict).toBe('rejected');
    expect(explanation).toMatchObject({ id: 'machine-removed' });
    expect(explanation?.meaning).toContain('the last release with it is 10.0');
    expect(explanation?.cures).toContainEqual({ code: 'transplant' });
    expect((await verified('4.0.0-plain')).loadable.until).toEqual(release('10.0'));
  });

  test('one that is newer than the release is rejected', async () => {
    const { verdict, explanation } = await against('10.0.13-plain', '7.2');
    expect(verdict).toBe('rejected');
    expect(explanation?.meaning).toContain('it came with QEMU 10.0');
  });

  test.each(['pc-i440fx-bionic', 'pc-q35-rhel9.6.0', 'pc-i440fx-9.2+pve1'])('%s: ask that QEMU', async (machine) => {
    const { verdict, explanation, unknowns } = await against('10.0.13-plain', '10.0', machine);
    expect(verdict).toBe('unknown');
    expect(explanation?.cures).toContainEqual({ code: 'ask-qemu' });
    expect(unknowns).toHaveLength(1);
  });

  test('one that the release has is no obstacle', async () => {
    expect((await against('4.0.0-plain', '10.0')).explanation?.id ?? '').not.toMatch(/^machine/);
    expect((await against('10.0.13-plain', '10.0')).verdict).toBe('loads');
  });
});

describe('other architectures', () => {
  test.each(['7.2.22-riscv64-virt', '10.0.13-aarch64-virt', '11.1.3-ppc64-pseries-live'])(
    "%s: no rule of x86's CPU judges it",
    async (name) => {
      const [qemu = ''] = name.split('-');
      const { verdict, messages } = await against(name, qemu);
      expect(messages.join()).not.toContain('local minimum version_id');
      expect(verdict).toBe('unknown');
    },
  );

  test('virt is the full name of a machine without versions', async () => {
    const { findings } = await verified('10.0.13-riscv64-virt');
    expect(findings.map(({ code }) => code)).not.toContain('machine-unnamed');
  });

  test('an Arm machine type goes as those of x86 do', async () => {
    const { loadable } = await verified('7.2.22-aarch64-virt');
    expect(loadable.since).toEqual(release('7.2'));
  });
});

test('an absent second sentence dates no message', () => {
  const [one] = explain("Unknown savevm section or instance 'serial' 1");
  expect(one?.id).toBe('unknown-section');
  expect(one?.versions).toEqual(['up to 3.1', '4.0 to 10.1']);
  const [whole] = explain(
    "Unknown savevm section or instance 'serial' 1. Make sure that your current VM setup matches your saved VM setup, including any hotplugged devices",
  );
  expect(whole?.versions).toEqual(['4.0 to 10.1']);
});
