// Our values against those that QEMU's own scripts/analyze-migration.py prints, on every captured stream that it can
// read: all of them, none left out. Which streams it cannot read stands here with the reason, and the list is whole.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeDevice } from '../../src/devices/index.js';
import { leaves } from '../../src/vmstate/index.js';
import { fixtureBytes, fixtureNames } from '../support/fixtures.js';
import { devicesOf } from '../support/vmstate.js';
import { analyze, analyzeScript, type Analysis } from './support/analyze-script.js';
import { comparePrinted, type Difference } from './support/compare-printed.js';

const script = await analyzeScript();
if ('reason' in script) {
  process.stderr.write(`analyze-migration.py skipped: ${script.reason}\n`);
  test.skip(`analyze-migration.py (skipped: ${script.reason})`);
}

/** Captures by name, what the script says, and why. */
const unreadable: readonly (readonly [RegExp, RegExp, string])[] = [
  [/-(no-vmdesc|postcopy|postcopy-preempt)$/, /^OSError/, 'there is no vmdescription to be found'],
  [
    /-(postcopy-ready|return-path|dirty-bitmaps)$/,
    /^Exception: Unknown QEMU_VM_COMMAND/,
    'it knows one command, SWITCHOVER_START',
  ],
  [/-live-xbzrle$/, /^Exception: XBZRLE/, 'it does not know XBZRLE records'],
  [/-compress$/, /^Exception: Unknown RAM flags/, 'it does not know compressed pages'],
  [/-mapped-ram/, /^AttributeError/, 'it takes the block list of mapped-ram for names'],
  [
    /^7\..*-s390x-ccw$/,
    /^Exception: No fields in struct/,
    'QEMU up to 9.2 describes the pointers of s390_css as null, though one is not',
  ],
  // Before 8.2 the description leaves the configuration section out, and the script reads the machine's name only.
  [
    /^[4-7]\..*-(ignore-shared|ignore-shared-2nodes|uuid|aarch64-virt)$/,
    /^Exception: Unknown section type: 5$/,
    'it does not know the subsections of configuration',
  ],
];

/** Sections of several parts: the script prints what it has seen of them, not fields. */
const IN_PARTS = /^(ram|spapr\/htab|s390-storage_attributes) \(\d+\)$/;

const folder = mkdtempSync(join(tmpdir(), 'mstream-analyze-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf('reason' in script)('analyze-migration.py', () => {
  let analyses: readonly Analysis[] = [];

  beforeAll(async () => {
    const files = fixtureNames.map((name) => {
      const file = join(folder, name);
      writeFileSync(file, fixtureBytes(name));
      return file;
    });
    if ('path' in script) analyses = await analyze(script.path, files);
  });

  const of = (name: string): Analysis => analyses.find(({ file }) => file === join(folder, name))!;

  test('reads half of the captures, and the others for known reasons', () => {
    const failures = analyses.flatMap(({ file, error }) =>
      error === undefined ? [] : [[file.slice(folder.length + 1), error] as const],
    );
    process.stderr.write(
      `analyze-migration.py reads ${analyses.length - failures.length} of ${analyses.length} captures; it cannot read:\n`,
    );
    for (const [name, error] of failures) process.stderr.write(`  ${name}: ${error}\n`);
    const known = (name: string, error: string): boolean =>
      unreadable.some(([which, words]) => which.test(name) && words.test(error));
    expect(failures.filter(([name, error]) => !known(name, error))).toEqual([]);
    // A reason that nothing needs any more is gone.
    expect(unreadable.filter(([which]) => !failures.some(([name]) => which.test(name)))).toEqual([]);
    expect(analyses.length - failures.length).toBeGreaterThanOrEqual(61);
  });

  test('prints the same values, all of them', async () => {
    const found: Difference[] = [];
    let compared = 0;
    for (const name of fixtureNames) {
      const { state } = of(name);
      if (state === undefined) continue;
      const { states } = (await devicesOf(fixtureBytes(name)))!;
      const printed = Object.entries(state).filter(([key]) => !IN_PARTS.test(key));
      expect(
        printed.map(([key]) => key.replace(/ \(\d+\)$/, '')),
        name,
      ).toEqual(states.map(({ device }) => device.name));
      for (const [index, one] of states.entries()) {
        const { compared: values, differences } = comparePrinted(one, printed[index]![1]);
        compared += values;
        found.push(...differences);
      }
    }
    process.stderr.write(`${compared} values compared, ${found.length} differences\n`);
    expect(found.slice(0, 20)).toEqual([]);
    expect(compared).toBeGreaterThan(1_000_000);
  });

  test('a value that differs is found, in every device', async () => {
    const name = fixtureNames.find((one) => one.endsWith('q35-devices') && of(one).state !== undefined)!;
    const { states } = (await devicesOf(fixtureBytes(name)))!;
    const printed = Object.entries(of(name).state!).filter(([key]) => !IN_PARTS.test(key));
    for (const [index, state] of states.entries()) {
      const values = [...leaves(state.root)].filter(({ role, start, end }) => role !== 'frame' && end > start);
      const leaf = values[index % values.length]!;
      const bytes = state.bytes.slice();
      bytes[leaf.end - 1]! ^= 0x10;
      const { differences } = comparePrinted(decodeDevice(state.device, bytes), printed[index]![1]);
      expect(differences.length, leaf.fullPath).toBeGreaterThan(0);
    }
  });
});
