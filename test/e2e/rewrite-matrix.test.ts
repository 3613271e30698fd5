// The version matrix: saves of a running guest, each of its QEMU's newest pc machine, moved to the newest pc machine of
// every other QEMU by two edits, the machine name and SWITCHOVER_START. What each cell should say is measured
// (docs/rewrite.md): fields and subsections of two devices stop the rest, and edits of those carry it over too.
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

const pm = '0000:00:01.3/piix4_pm.acpi_pci_hotplug';

/** What the devices of the board gained in 6.x: put in on the way up, taken out on the way down. */
function deviceEdits(from: string, to: string): Edit[] {
  const [before, after] = [Number(from) < 6, Number(to) < 6];
  if (before === after) return [];
  if (before) return [{ edit: 'append-bytes', path: `${pm}.acpi_pcihp_pci_status`, bytes: new Uint8Array(4) }];
  return [
    { edit: 'delete-bytes', path: `${pm}.acpi_index` },
    { edit: 'drop-subsection', path: 'pckbd/extended_state' },
  ];
}

interface Save {
  readonly bytes: Uint8Array;
  readonly machine: string;
  readonly commands: readonly string[];
}

describe.skipIf(skip !== undefined)('another release’s own machine type', () => {
  const saves = new Map<string, Save>();
  const matrix = new Map<string, string>();
  const cured = new Map<string, string>();
  const pairs = releases.flatMap((from) =>
    releases.filter((to) => to !== from).map((to) => ({ from, to, cell: expected[from]![releases.indexOf(to)]! })),
  );

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
    const table = (cells: ReadonlyMap<string, string>): string[] => [
      row(['from \\ to', ...releases]),
      row(['---', ...releases.map(() => '---')]),
      ...releases.map((from) => row([from, ...releases.map((to) => cells.get(`${from} ${to}`) ?? '-')])),
    ];
    console.log(
      [
        'machine name and SWITCHOVER_START:',
        ...table(matrix),
        'and what two devices gained in 6.x:',
        ...table(cured),
      ].join('\n'),
    );
  });

  test('every save is of the newest machine type of its release', () => {
    for (const [release, { machine, commands }] of saves) {
      expect(machine).toBe(`pc-i440fx-${release}`);
      expect(commands).toEqual(Number(release) >= 10 ? ['SWITCHOVER_START'] : []);
    }
    expect([...lab.keys()]).toEqual(releases);
  });

  const common = (from: string, to: string): Edit[] => [
    { edit: 'machine', name: saves.get(to)!.machine },
    ...(saves.get(from)!.commands.length === 0 ? [] : [{ edit: 'drop-command' as const, command: 11 }]),
  ];

  async function attempt(from: string, to: string, edits: readonly Edit[]): Promise<string> {
    const { machine } = saves.get(to)!;
    const outcome = await load({
      release: to,
      argv: pc(machine),
      stream: (await edited(saves.get(from)!.bytes, edits)).bytes,
    });
    if (outcome.loaded) return outcome.ran ? 'runs' : 'loads, dead';
    return Object.entries(stops).find(([, words]) => words.test(outcome.words))?.[0] ?? `?: ${outcome.words}`;
  }

  test.each(pairs)('$from to $to: $cell', async ({ from, to, cell }) => {
    // As it is nobody takes it.
    expect(await load({ release: to, argv: pc(saves.get(to)!.machine), stream: saves.get(from)!.bytes })).toMatchObject(
      { loaded: false, words: expect.stringMatching(/Machine type received is/) },
    );
    const seen = await attempt(from, to, common(from, to));
    matrix.set(`${from} ${to}`, seen);
    expect(seen).toBe(cell);
  });

  test.each(pairs)('$from to $to with edits of devices: runs', async ({ from, to }) => {
    const edits = [...common(from, to), ...deviceEdits(from, to)];
    const { bytes } = await edited(saves.get(from)!.bytes, edits, { pipe: from === '5.2' });
    // The vmdescription was edited along: the stream still reads whole, by it.
    const seen = await look(bytes);
    expect([seen.error, seen.warnings, seen.map.filter((row) => row.boundary === 'footer-scan')]).toEqual([
      undefined,
      [],
      [],
    ]);
    cured.set(`${from} ${to}`, await attempt(from, to, edits));
    expect(cured.get(`${from} ${to}`)).toBe('runs');
  });

  test('without its subsection pckbd lets 7.2 into 5.2, and piix4_pm stops it next', async () => {
    const edits: Edit[] = [...common('7.2', '5.2'), { edit: 'drop-subsection', path: 'pckbd/extended_state' }];
    expect(await attempt('7.2', '5.2', edits)).toBe('A');
  });
});
