// microvm, whose devices sit on virtio-mmio, saved by one release while its guest runs and carried to every other one:
// tried, loaded, and the counter goes on; or refused with the reason.
import { cureText } from '../../src/report/hints.js';
import { mkdtempSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFileSink } from '../../src/bytes/node/file-sink.js';
import { memorySource } from '../../src/bytes/source.js';
import { transplant, type TransplantResult } from '../../src/ops/transplant/transplant.js';
import { dropFolder } from '../../src/qemu/keeper.js';
import { temporaryFolder } from '../../src/qemu/process.js';
import { askTarget, type AskedTarget } from './support/ask.js';
import { load, pc, qemu, save, skip } from './support/loads.js';

if (skip !== undefined) test.skip(`transplants of a microvm: ${skip}`);

const releases = ['5.2', '7.2', '10.0', '11.1'];
const argvOf = (options = ''): string[] =>
  pc(
    `microvm${options}`,
    ...['-device', 'virtio-rng-device', '-netdev', 'hubport,id=n0,hubid=0', '-device', 'virtio-net-device,netdev=n0'],
    ...[
      '-blockdev',
      'driver=null-co,node-name=disk0,size=1048576,read-zeroes=on',
      '-device',
      'virtio-blk-device,drive=disk0',
    ],
    ...['-device', 'virtio-serial-device', '-chardev', 'null,id=c0', '-device', 'virtconsole,chardev=c0'],
  );

describe.skipIf(skip !== undefined)('a microvm with devices on virtio-mmio', () => {
  const folder = temporaryFolder();
  const saves = new Map<string, Uint8Array>();
  const asked = new Map<string, Promise<AskedTarget>>();
  const rows: string[] = [];
  afterAll(() => {
    dropFolder(folder);
    if (rows.length > 0) console.log(rows.join('\n'));
  });
  beforeAll(async () => {
    for (const release of releases) saves.set(release, await readFile(await save(release, argvOf())));
  });

  function ask(release: string, options: string): Promise<AskedTarget> {
    const key = release + options;
    const destination =
      asked.get(key) ??
      askTarget({
        binary: qemu(release).binary,
        argv: argvOf(options),
        folder: mkdtempSync(join(folder, 'asked-')),
      });
    asked.set(key, destination);
    return destination;
  }

  async function carry(
    from: string,
    to: string,
    options: string,
  ): Promise<TransplantResult & { readonly out: string }> {
    const { donor, tables, release, trial } = await ask(to, options);
    const out = join(folder, `${from}-${to}${options}`);
    const result = await transplant(memorySource(saves.get(from)!), await openFileSink(out), donor, {
      tables,
      release,
      trial,
    });
    rows.push(
      `${from} to ${to}${options}: ${result.report.grade}, trial ${result.report.trial.state}, ${result.report.differences.length} differences`,
    );
    return { ...result, out };
  }

  // Since 6.0 there is a second interrupt controller, and with it other places for devices.
  const runsOn = [
    ...['7.2', '10.0', '11.1'].map((to) => ({ from: '5.2', to, options: ',ioapic2=off' })),
    ...['7.2', '10.0', '11.1'].flatMap((from) =>
      ['7.2', '10.0', '11.1'].filter((to) => to !== from).map((to) => ({ from, to, options: ',ioapic2=on' })),
    ),
  ];

  test.each(runsOn)('$from to $to ($options) runs on', async ({ from, to, options }) => {
    const { report, written, out } = await carry(from, to, options);
    expect(report.differences.filter(({ grade }) => grade === 'impossible')).toEqual([]);
    expect(report.trial).toMatchObject({ state: 'passed' });
    expect(written).toBe(true);
    expect(await load({ release: to, argv: argvOf(options), stream: await readFile(out) })).toMatchObject({
      loaded: true,
      ran: true,
    });
  });

  test.each(['7.2', '10.0', '11.1'])('5.2 to %s is refused without that option: other places', async (to) => {
    const { report, written } = await carry('5.2', to, ',ioapic2=on');
    expect(written).toBe(false);
    const refused = report.differences.filter(({ grade }) => grade === 'impossible');
    expect(refused.map(({ before, after }) => `${before} ${after}`)).toContain(
      'virtio-mmio@00000000feb00e00/virtio-rng virtio-mmio@00000000feb02e00/virtio-rng',
    );
    expect(new Set(refused.map(({ why, cure }) => `${why}; ${cureText(cure!).includes('ioapic2=off')}`))).toEqual(
      new Set(['the same device stands at another place; true']),
    );
    expect(report.differences.filter(({ kind }) => kind === 'left-out').map(({ path }) => path)).toEqual(['ioapic/1']);
  });

  test.each(['7.2', '10.0', '11.1'])('%s to 5.2 is refused: it has no second interrupt controller', async (from) => {
    const { report, written } = await carry(from, '5.2', '');
    expect(written).toBe(false);
    expect(report.differences.find(({ path }) => path === 'ioapic/1')).toMatchObject({
      grade: 'impossible',
      why: 'the source has 2 of these, the destination 1',
    });
  });
});
