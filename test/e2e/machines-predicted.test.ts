// Predictions for machines that are not of x86: a capture loads at the QEMU and command line that it is of; and what an
// upgrade does to an Arm CPU is predicted to the letter, which a real QEMU is asked for.

import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { memorySource } from '../../src/bytes/source.js';
import { predict, type Prediction } from '../../src/loader/index.js';
import { askDestination } from '../../src/qemu/ask/ask.js';
import { openLab, type LabQemu } from '../../src/qemu/lab.js';
import { withMachine } from '../../src/qemu/machine.js';
import { migrateToFile, setCapabilities } from '../../src/qemu/migrate.js';
import { edited } from '../support/edits.js';
import { fixtureBytes, fixtureJson, fixtureNames } from '../support/fixtures.js';
import { tryStream } from './agreement/trial.js';
import { skip } from './support/loads.js';
import { onEveryQemuOf, otherTargets } from './support/qemus.js';

const fixtures = new URL('../../fixtures/', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'mstream-machines-'));
for (const guest of readdirSync(fixtures).filter((file) => file.endsWith('.bin')))
  copyFileSync(join(fixtures, guest), join(folder, guest));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Truth {
  readonly target?: string;
  readonly argv: readonly string[];
  readonly capabilities?: Readonly<Record<string, boolean>>;
}

async function predicted(qemu: LabQemu, { argv, capabilities = {} }: Truth, stream: Uint8Array): Promise<Prediction> {
  const asked = await askDestination(qemu.binary, argv, { cwd: folder });
  return predict(memorySource(stream), asked, { capabilities });
}

for (const target of otherTargets) {
  await onEveryQemuOf(target, 'No false alarm', (qemu) => {
    const captures = fixtureNames.filter(
      (name) =>
        name.startsWith(`${qemu.version}-`) && fixtureJson<Truth | undefined>(name, 'truth.json')?.target === target,
    );

    it('has captures', () => expect(captures).not.toEqual([]));

    it.each(captures)('%s', async (name) => {
      const truth = fixtureJson<Truth>(name, 'truth.json')!;
      const { verdict, messages, explanation } = await predicted(qemu, truth, fixtureBytes(name));
      expect(messages).toEqual([]);
      // Loaders that are written by hand, of which no save of the stopped machine shows the length.
      const unread = /spapr\/htab|s390-storage_attributes/.test(explanation?.meaning ?? '');
      expect(verdict).toBe(unread ? 'unknown' : 'loads');
    });
  });
}

describe.skipIf(skip !== undefined)('an Arm CPU in another release', () => {
  const argv = ['-M', 'virt-7.2', '-cpu', 'cortex-a57', '-m', '2', '-nodefaults'];
  let qemus: readonly LabQemu[];
  const saves = new Map<string, Uint8Array>();
  const of = (wanted: string): LabQemu => qemus.find((qemu) => qemu.wanted === wanted)!;
  beforeAll(async () => {
    qemus = await openLab({ targets: ['aarch64'], suites: ['bookworm', 'trixie', 'sid'] });
    for (const { binary, wanted } of qemus)
      saves.set(
        wanted,
        await withMachine({ binary, argv: [...argv, '-S'] }, async (machine) => {
          const path = join(folder, `a57-${wanted}`);
          // Its events are what migrations are followed by.
          await setCapabilities(machine, {});
          await migrateToFile(machine, path, {});
          return Uint8Array.from(readFileSync(path));
        }),
      );
  });

  const both = async (to: string, stream: Uint8Array): Promise<{ said: unknown; real: unknown; verdict: string }> => {
    const { verdict, messages } = await predicted(of(to), { argv }, stream);
    const real = await tryStream(
      {
        binary: of(to).binary,
        argv: [...argv, '-accel', 'tcg', '-display', 'none'],
        stream,
        capabilities: {},
        transport: 'exec',
      },
      mkdtempSync(join(folder, 'load-')) + '/x',
      [],
    );
    // What an abort prints is of the C library and of the place in QEMU's source.
    const words = (lines: readonly string[]): readonly string[] => (real.verdict === 'aborts' ? [] : lines);
    return { said: [verdict, words(messages)], real: [real.verdict, words(real.lines)], verdict: real.verdict };
  };

  test.each([
    ['7.2', '7.2', 'loads'],
    ['7.2', '10.0', 'rejected'],
    ['7.2', '11.1', 'rejected'],
    ['10.0', '7.2', 'rejected'],
    ['10.0', '11.1', 'rejected'],
    ['11.1', '10.0', 'aborts'],
  ])('from %s to %s: %s', async (from, to, verdict) => {
    const found = await both(to, saves.get(from)!);
    expect(found.said).toEqual(found.real);
    expect(found.verdict).toBe(verdict);
  });

  test('the cure of the abort: 10.0 goes past the timer, and refuses the registers', async () => {
    const drop = { edit: 'drop-subsection', path: 'cpu/wfxt-timer' } as const;
    const found = await both('10.0', (await edited(saves.get('11.1')!, [drop])).bytes);
    expect(found.said).toEqual(found.real);
  });
});
