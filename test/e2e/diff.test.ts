// `diff` held against QEMU: two saves of one Linux differ in exactly the pages in which two pmemsaves of the same
// stopped states differ, and in no device that `get` shows to be equal.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFile } from '../../src/bytes/node/file-source.js';
import { inflate } from '../../src/bytes/node/inflate.js';
import { openStream } from '../../src/open/open-stream.js';
import { diff } from '../../src/ops/diff/diff.js';
import { countDifferences, type Diff } from '../../src/ops/diff/result.js';
import { dropFolder } from '../../src/qemu/keeper.js';
import { openLab, qemuSkipReason, type LabQemu } from '../../src/qemu/lab.js';
import { withMachine, type Machine } from '../../src/qemu/machine.js';
import { migrateToFile, setCapabilities } from '../../src/qemu/migrate.js';
import { temporaryFolder } from '../../src/qemu/process.js';
import { readDevices } from '../../src/ops/devices/read-devices.js';
import { deviceLabel } from '../../src/vmstate/index.js';
import { mstream } from '../support/fake-host.js';
import { guestArgv, openLinuxGuest, waitForTick, ticksOf, type LinuxGuest } from './support/linux-guest.js';

const RAM = 128 << 20;
const PAGE = 4096;

const say = (line: string): void => console.error(line);
const off = qemuSkipReason();
const lab = off === undefined ? await openLab({ progress: say }) : [];
const linux = off === undefined ? await openLinuxGuest(say) : { unavailable: off };

if ('unavailable' in linux) {
  say(`Linux guest tests skipped: ${linux.unavailable}`);
  test.skip(`diff of a Linux: ${linux.unavailable}`);
} else {
  for (const qemu of lab.filter(({ version }) => /^(7\.2|11\.)/.test(version)))
    test(`two saves of a Linux on QEMU ${qemu.version}`, () => twoSaves(qemu, linux));
}

async function twoSaves({ binary }: LabQemu, guest: LinuxGuest): Promise<void> {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder, name);
  try {
    await withMachine({ binary, argv: guestArgv(guest, { serial: file('serial') }) }, async (machine) => {
      await setCapabilities(machine, {});
      const ticks = ticksOf(await waitForTick(machine, file('serial'), 0));
      await save(machine, file('a'), file('a.ram'));
      await machine.execute('cont');
      await waitForTick(machine, file('serial'), ticks.at(-1)!.n + 1);
      await save(machine, file('b'), file('b.ram'));
    });
    const [a, b] = [await readFile(file('a.ram')), await readFile(file('b.ram'))];
    const pages: number[] = [];
    for (let page = 0; page < RAM / PAGE; page += 1)
      if (a.compare(b, page * PAGE, (page + 1) * PAGE, page * PAGE, (page + 1) * PAGE) !== 0) pages.push(page);
    const found = await compared(file('a'), file('b'));
    const main = found.blocks?.find(({ length }) => length.a === RAM);
    expect(main?.ranges.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i))).toEqual(
      pages,
    );
    expect(pages.length).toBeGreaterThan(100);
    expect(new Set(found.devices.map(({ device }) => device))).toEqual(await differingByGet(file('a'), file('b')));
    expect(countDifferences(await compared(file('a'), file('a')))).toEqual({ real: 0, noise: 0 });
  } finally {
    await dropFolder(folder);
  }
}

/** Devices of which `mstream get` shows different values. */
async function differingByGet(a: string, b: string): Promise<Set<string>> {
  const source = await openFile(a);
  const { devices } = await readDevices(source);
  await source.close();
  const differing = new Set<string>();
  for (const { state } of devices) {
    const label = deviceLabel(state.device);
    const { name, instanceId } = state.device;
    const get = (path: string): ReturnType<typeof mstream> =>
      mstream(['get', path, `${name}/${instanceId}`], { openInput: openFile });
    const [first, second] = [await get(a), await get(b)];
    expect([first.code, second.code], label).toEqual([0, 0]);
    if (first.stdout !== second.stdout) differing.add(label);
  }
  return differing;
}

async function save(machine: Machine, state: string, ram: string): Promise<void> {
  await machine.execute('stop');
  await migrateToFile(machine, state);
  await machine.execute('pmemsave', { val: 0, size: RAM, filename: ram });
}

async function compared(a: string, b: string): Promise<Diff> {
  const [first, second] = [await openFile(a), await openFile(b)];
  try {
    return await diff(
      { label: a, stream: await openStream(first, { bodies: 'devices' }) },
      { label: b, stream: await openStream(second, { bodies: 'devices' }) },
      { inflate },
    );
  } finally {
    await Promise.all([first.close(), second.close()]);
  }
}
