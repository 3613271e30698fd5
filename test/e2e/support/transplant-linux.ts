// A real Linux with virtio-blk and virtio-net, saved by one release and carried to another: it must go on ticking with
// memory, disk and network intact, or be refused beforehand. Imports qemu/, ops/ and its own folder.

import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFileSink } from '../../../src/bytes/node/file-sink.js';
import { openFile } from '../../../src/bytes/node/file-source.js';
import { stateUri } from '../../../src/clone/clone.js';
import { transplant, type TransplantResult } from '../../../src/ops/transplant/transplant.js';
import type { Grade } from '../../../src/ops/transplant/report.js';
import { withMachine } from '../../../src/qemu/machine.js';
import { migrateFrom, migrateToFile, setCapabilities } from '../../../src/qemu/migrate.js';
import { dropFolder } from '../../../src/qemu/keeper.js';
import { QemuDied, temporaryFolder } from '../../../src/qemu/process.js';
import { askTarget } from './ask.js';
import { guestArgv, makeDisk, ticksOf, waitForTick, type LinuxGuest, type Tick } from './linux-guest.js';
import { folder, qemu } from './loads.js';

export interface LinuxSave {
  readonly release: string;
  readonly state: string;
  readonly disk: string;
  readonly last: Tick;
}

/** With the properties that the destination's devices are given: the last words of its -device options. */
export interface Shape {
  readonly net: boolean;
  readonly blk?: string;
  readonly nic?: string;
}

const BOOT = 300_000;

function argvOf(guest: LinuxGuest, serial: string, disk: string, { net, blk = '', nic = '' }: Shape): string[] {
  return [
    '-M',
    'pc',
    ...guestArgv(guest, { serial, disk, net }).map((word) =>
      word.startsWith('virtio-blk-pci') ? word + blk : word.startsWith('virtio-net-pci') ? word + nic : word,
    ),
  ];
}

/** Boots, ticks, is stopped and saved. */
export async function saveLinux(guest: LinuxGuest, release: string, net: boolean): Promise<LinuxSave> {
  const name = `${release}${net ? '-net' : ''}`;
  const [disk, serial, state] = ['disk', 'serial', 'save'].map((what) => join(folder, `${what}-${name}`)) as [
    string,
    string,
    string,
  ];
  await makeDisk(disk, 'source');
  return withMachine({ binary: qemu(release).binary, argv: argvOf(guest, serial, disk, { net }) }, async (machine) => {
    await setCapabilities(machine, {});
    await waitForTick(machine, serial, 0, BOOT);
    await machine.execute('stop');
    await migrateToFile(machine, state);
    return { release, state, disk, last: ticksOf(await readFile(serial, 'latin1')).at(-1)! };
  });
}

export interface Carried extends TransplantResult {
  /** The first whole tick at the destination; undefined when nothing was written. */
  readonly tick: Tick | undefined;
}

/** `force`: written whatever the report says, and not tried. */
export interface CarryOptions {
  readonly allow?: Grade;
  readonly force?: boolean;
}

/** Asks the destination, carries, tries, and lets it run on. @throws QemuDied where it was forced and QEMU refuses */
export async function carryLinux(
  guest: LinuxGuest,
  from: LinuxSave,
  to: string,
  shape: Shape,
  { allow = 'assumed', force = false }: CarryOptions = {},
): Promise<Carried> {
  const work = temporaryFolder();
  const { binary } = qemu(to);
  const [out, disk, serial] = [join(work, 'out'), join(work, 'disk'), join(work, 'serial')];
  try {
    await copyFile(from.disk, disk);
    const argv = argvOf(guest, serial, disk, shape);
    const { donor, trial, ...known } = await askTarget({
      binary,
      argv,
      folder: work,
    });
    const source = await openFile(from.state);
    const options = { ...known, ...(force ? { allow: 'impossible' as const } : { allow, trial }) };
    const result = await transplant(source, await openFileSink(out), donor, options).finally(() => source.close());
    if (!result.written) return { ...result, tick: undefined };
    const tick = await withMachine({ binary, argv: [...argv, '-S', '-incoming', 'defer'] }, async (machine) => {
      await setCapabilities(machine, {});
      await migrateFrom(machine, stateUri(machine, out), { timeoutMs: 60_000 });
      await machine.execute('cont');
      // The tick after the next is the first one that began here.
      const seen = await waitForTick(machine, serial, from.last.n + 1, BOOT);
      return ticksOf(seen).at(-1);
    });
    return { ...result, tick };
  } finally {
    dropFolder(work);
  }
}

/** Forced: what the destination says to it. @throws where it does not refuse */
export async function forcedWords(guest: LinuxGuest, from: LinuxSave, to: string, shape: Shape): Promise<string> {
  try {
    const { tick } = await carryLinux(guest, from, to, shape, { force: true });
    throw new Error(`${to} loads it: ${JSON.stringify(tick)}`);
  } catch (error) {
    if (error instanceof QemuDied) return error.stderr;
    throw error;
  }
}
