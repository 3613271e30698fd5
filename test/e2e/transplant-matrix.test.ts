// A guest that runs, saved by one release in its newest pc machine, carried to the newest pc machine of every other
// one: it loads, and its counter goes on. Nothing here names a device: what the destination saves of itself and its own
// -dump-vmstate say all that is needed. The saves of 4.0 and 4.1 are fixtures, whose machine type 11.1 no longer has.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { look } from '../support/edits.js';
import { fixtureBytes } from '../support/fixtures.js';
import { transplanted } from '../support/transplants.js';
import { readVmstateTables, type VmstateTables } from '../../src/destination/vmstate-tables.js';
import { dumpOf, saveDonorFile } from './support/donors.js';
import { load, pc, save, skip } from './support/loads.js';

if (skip !== undefined) test.skip(`transplants: ${skip}`);

const releases = ['5.2', '7.2', '10.0', '11.1'];
const old = ['4.0', '4.1'];

describe.skipIf(skip !== undefined)('a plain pc', () => {
  const saves = new Map<string, Uint8Array>(old.map((release) => [release, fixtureBytes(`${release}.0-plain`)]));
  const donors = new Map<string, Uint8Array>();
  const tables = new Map<string, VmstateTables>();
  const rows = new Map<string, string>();
  const pairs = [...old, ...releases].flatMap((from) =>
    releases.filter((to) => to !== from).map((to) => ({ from, to })),
  );

  beforeAll(async () => {
    for (const release of releases) {
      saves.set(release, await readFile(await save(release, pc('pc'))));
      donors.set(release, await readFile(await saveDonorFile(release, pc('pc'))));
      tables.set(release, readVmstateTables(await dumpOf(release)));
    }
  });

  afterAll(() => {
    if (rows.size > 0) console.log([...rows].map(([pair, text]) => `${pair}: ${text}`).join('\n'));
  });

  test.each(pairs)('$from to $to runs on', async ({ from, to }) => {
    const { report, written, bytes } = await transplanted(saves.get(from)!, donors.get(to)!, {
      tables: tables.get(to),
    });
    expect(written).toBe(true);
    expect(report.counts.impossible).toBe(0);
    const seen = await look(bytes);
    expect([seen.error, seen.warnings, seen.map.filter((row) => row.boundary === 'footer-scan')]).toEqual([
      undefined,
      [],
      [],
    ]);
    const outcome = await load({ release: to, argv: pc('pc'), stream: bytes });
    rows.set(
      `${from} to ${to}`,
      `${report.state}, ${report.copied} values as they were, ${report.differences.length} differences: ${report.differences.map(({ kind, path }) => `${kind} ${path}`).join('; ')}`,
    );
    expect(outcome, outcome.words).toMatchObject({ loaded: true, ran: true });
  });

  test.each(releases)('onto %s itself every payload is what it was', async (release) => {
    const source = saves.get(release)!;
    const { report, bytes } = await transplanted(source, donors.get(release)!, { tables: tables.get(release) });
    expect(report).toMatchObject({ state: 'exact', grade: 'assumed', differences: [] });
    expect(Buffer.compare(bytes, source)).toBe(0);
  });
});
