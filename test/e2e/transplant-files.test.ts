// What a save may be besides a plain stream: a mapped-ram file, whose pages stay where they are, and a template, whose
// memory is a file beside it. Carried to another release they are still that: tried, loaded from the file, and the
// guest counts on.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { look } from '../support/edits.js';
import { fixtureBytes, fixtureMemory } from '../support/fixtures.js';
import { openFileSink } from '../../src/bytes/node/file-sink.js';
import { openFile } from '../../src/bytes/node/file-source.js';
import { transplant, type TransplantResult } from '../../src/ops/transplant/transplant.js';
import { migrateTo, setCapabilities } from '../../src/qemu/migrate.js';
import { dropFolder } from '../../src/qemu/keeper.js';
import { temporaryFolder } from '../../src/qemu/process.js';
import { askTarget } from './support/ask.js';
import { fileOf, folder, load, memoryIn, pc, qemu, skip, withGuest } from './support/loads.js';

if (skip !== undefined) test.skip(`transplants of files: ${skip}`);

interface Carried extends TransplantResult {
  readonly out: string;
}

async function carry(
  state: string,
  to: string,
  argv: readonly string[],
  capabilities: readonly string[],
): Promise<Carried> {
  const work = temporaryFolder();
  const source = await openFile(state);
  try {
    const { donor, ...known } = await askTarget({
      binary: qemu(to).binary,
      argv,
      folder: work,
      capabilities,
    });
    const out = `${state}-${to}`;
    return { ...(await transplant(source, await openFileSink(out), donor, known)), out };
  } finally {
    await source.close();
    dropFolder(work);
  }
}

describe.skipIf(skip !== undefined)('a mapped-ram file', () => {
  const argv = pc('pc', '-device', 'virtio-rng-pci');
  const saves = new Map<string, string>();

  beforeAll(async () => {
    for (const release of ['10.0', '11.1']) {
      const file = join(folder, `mapped-${release}`);
      await withGuest(release, argv, async (machine) => {
        await setCapabilities(machine, { 'mapped-ram': true });
        await migrateTo(machine, `file:${file}`, { timeoutMs: 30_000 });
      });
      saves.set(release, file);
    }
  });

  test.each([
    ['10.0', '11.1'],
    ['11.1', '10.0'],
  ] as const)('of %s to %s runs on', async (from, to) => {
    const state = saves.get(from)!;
    const { report, written, out } = await carry(state, to, argv, ['mapped-ram']);
    expect(report.trial).toMatchObject({ state: 'passed' });
    expect(written).toBe(true);
    const [before, after] = [await look(await readFile(state)), await look(await readFile(out))];
    expect(after.blocks.map(({ idstr, mapped }) => [idstr, mapped?.pagesOffset])).toEqual(
      before.blocks.map(({ idstr, mapped }) => [idstr, mapped?.pagesOffset]),
    );
    // Holes stay holes.
    const { blocks, size } = await stat(out);
    expect(blocks * 512).toBeLessThan(size / 4);
    expect(
      await load({ release: to, argv, stream: { uri: `file:${out}` }, capabilities: ['mapped-ram'] }),
    ).toMatchObject({ loaded: true, ran: true });
  });

  test('to 7.2, which reads none, is refused', async () => {
    const { report, written } = await carry(saves.get('10.0')!, '7.2', argv, ['mapped-ram']);
    expect(written).toBe(false);
    expect(report.differences.find(({ grade }) => grade === 'impossible')).toMatchObject({
      path: 'mapped-ram',
      cure: expect.stringContaining('without mapped-ram') as string,
    });
  });
});

describe.skipIf(skip !== undefined)('a template', () => {
  const captures = { '4.1': '4.1.0', '7.2': '7.2.22', '11.1': '11.1.3' } as const;

  test.each([
    ['4.1', '11.1'],
    ['7.2', '11.1'],
    ['11.1', '7.2'],
  ] as const)('of %s to %s runs on in its memory', async (from, to) => {
    const capture = `${captures[from]}-ignore-shared`;
    const memory = fileOf(fixtureMemory(capture));
    const argv = pc('pc', ...memoryIn(memory, 'off'));
    const { report, written, out } = await carry(fileOf(fixtureBytes(capture)), to, argv, ['x-ignore-shared']);
    expect(report.trial).toMatchObject({ state: 'passed' });
    expect(written).toBe(true);
    expect(
      await load({ release: to, argv, stream: await readFile(out), capabilities: ['x-ignore-shared'] }),
    ).toMatchObject({ loaded: true, ran: true });
  });
});
