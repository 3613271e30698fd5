// State in sections of several parts besides RAM: the hash page table of a pseries, the storage attributes of an s390x,
// the dirty bitmaps of a disk. Carried onto what the same board of another release saved of itself, the guest runs on
// with them.
import { copyFileSync, readFileSync, readdirSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureBytes, fixtureJson } from '../support/fixtures.js';
import { transplanted } from '../support/transplants.js';
import { COUNTER } from '../../src/clone/guest.js';
import { dropFolder } from '../../src/qemu/keeper.js';
import { openLab, type LabQemu } from '../../src/qemu/lab.js';
import { withMachine, type Machine } from '../../src/qemu/machine.js';
import { migrateFrom, migrateToFile, setCapabilities } from '../../src/qemu/migrate.js';
import { temporaryFolder } from '../../src/qemu/process.js';
import { until } from '../../src/qemu/qmp/wait.js';
import { fileOf, load, pc, skip } from './support/loads.js';
import { saveDonorFile } from './support/donors.js';

if (skip !== undefined) test.skip(`transplants of sections of several parts: ${skip}`);

const campaign = Number(process.env['MSTREAM_RUNS'] ?? 1) > 1;
const fixtures = new URL('../../fixtures/', import.meta.url).pathname;
const captures: Readonly<Record<string, string>> = { '7.2': '7.2.22', '10.0': '10.0.13', '11.1': '11.1.3' };

interface Row {
  readonly target: 'ppc64' | 's390x';
  readonly scenario: string;
  readonly section: string;
  /** No stream says it, and the default follows the release. */
  readonly cpu?: Readonly<Record<string, string>>;
  /** A line of the monitor that shows what the guest has made of it. */
  readonly shows?: { readonly command: string; readonly text: RegExp };
}

const rows: readonly Row[] = [
  {
    target: 'ppc64',
    scenario: 'ppc64-pseries-live',
    section: 'spapr/htab',
    cpu: { '7.2': 'power9_v2.0', '10.0': 'power10', '11.1': 'power11' },
  },
  {
    target: 's390x',
    scenario: 's390x-ccw',
    section: 's390-storage_attributes',
    shows: { command: 'info skeys 0x25000', text: /key: 0x1A$/m },
  },
];
const pairs = [
  ['10.0', '11.1'],
  ['11.1', '11.1'],
  ['7.2', '11.1'],
] as const;
/** Of the address that a lwarx reserved, later releases keep something else; -1 is none. */
const LOST = 'cpu.env.reserve_addr';

describe.skipIf(skip !== undefined).each(rows)('$section', ({ target, scenario, section, cpu, shows }) => {
  const folder = temporaryFolder();
  let lab: readonly LabQemu[];
  beforeAll(async () => {
    lab = await openLab({
      targets: [target],
      suites: ['bookworm', 'trixie', 'sid'],
      progress: (line) => console.error(line),
    });
  });
  afterAll(() => dropFolder(folder));

  /** That release's machine of the capture. */
  async function machine<T>(
    release: string,
    more: readonly string[],
    work: (machine: Machine, cwd: string) => Promise<T>,
  ): Promise<T> {
    const { argv } = fixtureJson<{ argv: readonly string[] }>(`${captures[release]!}-${scenario}`, 'truth.json')!;
    const cwd = await mkdtemp(join(folder, 'machine-'));
    for (const guest of readdirSync(fixtures).filter((file) => file.endsWith('.bin')))
      copyFileSync(join(fixtures, guest), join(cwd, guest));
    const { binary } = lab.find(({ wanted }) => wanted === release)!;
    return withMachine({ binary, argv: [...argv, '-S', ...more], accelerator: 'argv', cwd }, async (started) => {
      await setCapabilities(started, {});
      return work(started, cwd);
    });
  }

  test.each(pairs.slice(0, campaign ? pairs.length : 2))('%s to %s runs on', async (from, to) => {
    const model = cpu === undefined ? [] : ['-cpu', cpu[from]!];
    const donor = await machine(to, model, async (started, cwd) => {
      await migrateToFile(started, join(cwd, 'donor'), { timeoutMs: 60_000 });
      return readFileSync(join(cwd, 'donor'));
    });
    const { report, written, bytes } = await transplanted(fixtureBytes(`${captures[from]!}-${scenario}`), donor, {
      allow: 'lossy',
    });
    expect(
      report.differences.filter(
        ({ path, grade }) => path !== LOST && (path.includes(section) || grade === 'lossy' || grade === 'impossible'),
      ),
    ).toEqual([]);
    expect(written).toBe(true);
    const state = fileOf(bytes);
    await machine(to, [...model, '-incoming', 'defer'], async (started) => {
      await migrateFrom(started, `exec:cat ${state}`, { timeoutMs: 60_000 });
      const counter = async (): Promise<string> => (await started.readMemory(COUNTER, 4)).toString('hex');
      const before = await counter();
      expect(before).not.toBe('00000000');
      if (shows !== undefined) expect(await started.hmp(shows.command)).toMatch(shows.text);
      await started.execute('cont');
      await until(async () => ((await counter()) === before ? undefined : true), {
        timeoutMs: 30_000,
        what: 'the guest to count on',
      });
    });
  });
});

describe.skipIf(skip !== undefined)('dirty-bitmap', () => {
  test('7.2 to 10.0: the bitmaps are there again', async () => {
    const argv = pc(
      'pc',
      '-blockdev',
      'driver=null-co,node-name=disk0,size=16777216,read-zeroes=on',
      '-device',
      'virtio-blk-pci,drive=disk0',
    );
    const donor = readFileSync(await saveDonorFile('10.0', argv, ['dirty-bitmaps']));
    const { report, bytes } = await transplanted(fixtureBytes('7.2.22-dirty-bitmaps'), donor);
    expect(report.differences.filter(({ grade }) => grade === 'lossy' || grade === 'impossible')).toEqual([]);
    const bitmaps: unknown[] = [];
    const look = async (machine: Machine): Promise<void> => {
      const [disk] = (await machine.execute('query-block')) as {
        inserted: { 'dirty-bitmaps': { name: string; granularity: number; recording: boolean }[] };
      }[];
      bitmaps.push(
        ...disk!.inserted['dirty-bitmaps'].map(({ name, granularity, recording }) => [name, granularity, recording]),
      );
    };
    expect(await load({ release: '10.0', argv, stream: bytes, capabilities: ['dirty-bitmaps'], look })).toMatchObject({
      loaded: true,
      ran: true,
    });
    expect(bitmaps).toEqual([
      ['backup', 65_536, true],
      ['disabled', 4096, false],
    ]);
  });
});
