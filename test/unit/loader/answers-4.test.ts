// The predictor against what real 4.0.0 and 4.1.0 answered to mutated streams (fixtures/answers-4.x.json). The
// destination's own save is the fixture of that release with the same machine; what an argv changes is taken over by
// hand. Imports ops/verify.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { memorySource } from '../../../src/bytes/source.js';
import { builtinDestination } from '../../../src/destination/builtin-destination.js';
import { predict } from '../../../src/loader/predict.js';
import type { Destination } from '../../../src/destination/destination.js';
import { fixtureBytes } from '../../support/fixtures.js';

interface Edit {
  readonly op: 'replace' | 'insert' | 'delete' | 'truncate' | 'append';
  readonly at: number;
  readonly hex?: string;
  readonly length?: number;
}

interface Answer {
  readonly qemu: string;
  readonly argv: readonly string[];
  readonly capabilities: readonly string[];
  readonly uri?: string;
  readonly verdict: 'accept' | 'reject' | 'abort';
  readonly stderr: readonly string[];
}

interface Case {
  readonly id: string;
  readonly what: string;
  readonly base: string;
  readonly edits: readonly Edit[];
  readonly destinations: readonly Answer[];
}

const cases = JSON.parse(
  readFileSync(new URL('../../../fixtures/answers-4.x.json', import.meta.url), 'utf8'),
) as Case[];

/** Offsets are those of the original, so the last edit comes first; of two at one place, the second. */
function mutated(base: Uint8Array, edits: readonly Edit[]): Uint8Array {
  let bytes = Buffer.from(base);
  for (const { op, at, hex = '', length = 0 } of [...edits].reverse().sort((a, b) => b.at - a.at)) {
    const data = Buffer.from(hex, 'hex');
    const removed = { replace: data.length, insert: 0, delete: length, truncate: bytes.length - at, append: 0 }[op];
    const place = op === 'append' ? bytes.length : at;
    bytes = Buffer.concat([bytes.subarray(0, place), data, bytes.subarray(place + removed)]);
  }
  return bytes;
}

/** Machines of the answers: the plain one, one with a memory file, one with two nodes. */
function donorOf({ argv }: Answer, base: string): string {
  const nodes = argv.filter((word) => word.startsWith('node,')).length;
  return `${base.slice(0, base.indexOf('-'))}-${nodes === 0 ? 'plain' : nodes === 1 ? 'ignore-shared' : 'ignore-shared-2nodes'}`;
}

async function destination(answer: Answer, base: string): Promise<Destination> {
  const donor = fixtureBytes(donorOf(answer, base));
  const [major, minor, micro] = answer.qemu.split('.').map(Number) as [number, number, number];
  const shared = answer.argv
    .filter((word) => word.startsWith('memory-backend-') && word.includes('share=on'))
    .map((word) => /id=(\w+)/.exec(word)![1]!);
  const wanted = answer.argv[answer.argv.indexOf('-M') + 1]!;
  const profile = await builtinDestination(memorySource(donor), {
    version: { major, minor, micro },
    machine: wanted === 'pc' ? `pc-i440fx-${major}.${minor}` : wanted,
    shared,
  });
  // -cpu 486 has no local APIC: no vapic either.
  const save = profile.save!;
  const sections = answer.argv.includes('486')
    ? save.sections.filter(({ idstr }) => idstr !== 'kvm-tpr-opt' && idstr !== 'apic')
    : save.sections;
  const global = (name: string): boolean => !answer.argv.includes(`migration.${name}=off`);
  return {
    ...profile,
    save: { ...save, sections },
    sendConfiguration: global('send-configuration'),
    sectionFooters: global('send-section-footer'),
    known: {},
  };
}

const verdicts = { accept: 'loads', reject: 'rejected', abort: 'aborts' } as const;

describe('what QEMU 4.0.0 and 4.1.0 answered', () => {
  for (const { id, what, base, edits, destinations } of cases) {
    for (const answer of destinations) {
      const { argv } = answer;
      const name = `${id} into ${answer.qemu} ${argv.slice(2).join(' ')}: ${what}`;
      test(name, async () => {
        const stream = mutated(fixtureBytes(base), edits);
        const capabilities = Object.fromEntries(answer.capabilities.map((capability) => [capability, true]));
        const prediction = await predict(memorySource(stream), await destination(answer, base), { capabilities });
        expect(prediction.verdict).toBe(verdicts[answer.verdict]);
        // How a process that aborts says so is the C library's and GLib's affair.
        if (answer.verdict !== 'abort')
          expect(prediction.messages).toEqual(answer.stderr.map((line) => line.replace(/^<PROG>: /, '')));
        expect(prediction.explanation === undefined).toBe(answer.verdict === 'accept');
      });
    }
  }
});
