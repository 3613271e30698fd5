// The version matrix: saves of a running guest, each of its QEMU's newest pc machine, moved to the newest pc machine of
// every other QEMU by two edits, the machine name and SWITCHOVER_START. What each cell should say is measured
// (docs/rewrite.md): three places in three devices stop the rest.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { edited, look } from '../support/edits.js';
import type { Edit } from '../../src/ops/rewrite/edit.js';
import { lab, load, pc, save, skip } from './support/loads.js';

if (skip !== undefined) test.skip(`the version matrix: ${skip}`);

/** What stops a stream, by its mark in the matrix. */
const stops: Readonly<Record<string, RegExp>> = {
  A: /Missing section footer for 0000:00:01\.3\/piix4_pm/,
  C: /pckbd/,
};

const releases = ['5.2', '7.2', '10.0', '11.1'];
const expected: Readonly<Record<string, readonly string[]>> = {
  '5.2': ['-', 'A', 'A', 'A'],
  '7.2': ['C', '-', 'runs', 'runs'],
  '10.0': ['A', 'runs', '-', 'runs'],
  '11.1': ['A', 'runs', 'runs', '-'],
};

interface Save {
  readonly bytes: Uint8Array;
  readonly machine: string;
  readonly commands: readonly string[];
}

describe.skipIf(skip !== undefined)('another release’s own machine type', () => {
  const saves = new Map<string, Save>();
  const matrix = new Map<string, string>();
  const pairs = releases.flatMap((from) => releases.filter((to) => to !== from).map((to) => ({ from, to, cell: expected[from]![releases.indexOf(to)]! })));

  beforeAll(async () => {
    for (const release of releases) {
      const bytes = await readFile(await save(release, pc('pc')));
      const { configuration, map } = await look(bytes);
      saves.set(release, { bytes, machine: configuration!.machine, commands: map.flatMap((row) => row.command ?? []) });
    }
  });

  afterAll(() => {
    if (matrix.size === 0) return;
    const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.padEnd(11)).join(' | ')} |`;
    const lines = releases.map((from) => row([from, ...releases.map((to) => matrix.get(`${from} ${to}`) ?? '-')]));
    console.log([row(['from \\ to', ...releases]), row(['---', ...releases.map(() => '---')]), ...lines].join('\n'));
  });

  test('every save is of the newest machine type of its release', () => {
    for (const [release, { machine, commands }] of saves) {
      expect(machine).toBe(`pc-i440fx-${release}`);
      expect(commands).toEqual(Number(release) >= 10 ? ['SWITCHOVER_START'] : []);
    }
    expect([...lab.keys()]).toEqual(releases);
  });

  test.each(pairs)('$from to $to: $cell', async ({ from, to, cell }) => {
    const source = saves.get(from)!;
    const { machine } = saves.get(to)!;
    const edits: Edit[] = [{ edit: 'machine', name: machine }, ...(source.commands.length === 0 ? [] : [{ edit: 'drop-command' as const, command: 11 }])];
    const argv = pc(machine);
    // As it is nobody takes it.
    expect(await load({ release: to, argv, stream: source.bytes })).toMatchObject({ loaded: false, words: expect.stringMatching(/Machine type received is/) });
    const outcome = await load({ release: to, argv, stream: (await edited(source.bytes, edits)).bytes });
    const stop = outcome.loaded ? undefined : Object.entries(stops).find(([, words]) => words.test(outcome.words));
    const seen = outcome.loaded ? (outcome.ran ? 'runs' : 'loads, dead') : (stop?.[0] ?? `?: ${outcome.words}`);
    matrix.set(`${from} ${to}`, seen);
    expect(seen).toBe(cell);
  });
});
