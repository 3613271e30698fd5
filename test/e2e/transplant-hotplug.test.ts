// A disk plugged into a Linux that was carried to another release: the board is described by the ACPI tables of the
// source, and the registers behind them are the destination's. On pc the root bus, on q35 a root port. MSTREAM_RUNS
// above 1 (a campaign) tries more pairs.
import { mkdtempSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openFileSink } from '../../src/bytes/node/file-sink.js';
import { openFile } from '../../src/bytes/node/file-source.js';
import { stateUri } from '../../src/clone/clone.js';
import { transplant } from '../../src/ops/transplant/transplant.js';
import { dropFolder } from '../../src/qemu/keeper.js';
import { withMachine, type Machine } from '../../src/qemu/machine.js';
import { migrateFrom, migrateToFile, setCapabilities } from '../../src/qemu/migrate.js';
import { temporaryFolder } from '../../src/qemu/process.js';
import { until } from '../../src/qemu/qmp/wait.js';
import { askTarget } from './support/ask.js';
import { guestArgv, makeDisk, openLinuxGuest, ticksOf, waitForTick, type LinuxGuest } from './support/linux-guest.js';
import { qemu, skip } from './support/loads.js';

const say = (line: string): void => console.error(line);
const linux = skip === undefined ? await openLinuxGuest(say) : { unavailable: skip };
const why = 'unavailable' in linux ? linux.unavailable : undefined;
if (why !== undefined) {
  say(`hot-plug after a transplant skipped: ${why}`);
  test.skip(`hot-plug after a transplant: ${why}`);
}

const campaign = Number(process.env['MSTREAM_RUNS'] ?? 1) > 1;
const BOOT = 300_000;

interface Board {
  readonly board: string;
  readonly from: string;
  readonly to: string;
  readonly argv: readonly string[];
  /** Where the disk is plugged in. */
  readonly bus: string;
  /** Besides, at the destination. */
  readonly more?: readonly string[];
  readonly campaign?: boolean;
}

const pc = ['-M', 'pc'];
const q35 = ['-M', 'q35', '-device', 'pcie-root-port,id=rp0,chassis=1,slot=1'];
/** Up to 6.0 a root port itself tells its guest; since then ACPI does, of which older tables know nothing. */
const native = ['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off'];

const boards: readonly Board[] = [
  { board: 'pc', from: '7.2', to: '11.1', argv: pc, bus: 'pci.0' },
  { board: 'q35', from: '7.2', to: '11.1', argv: q35, bus: 'rp0' },
  { board: 'pc', from: '5.2', to: '11.1', argv: pc, bus: 'pci.0', campaign: true },
  { board: 'q35', from: '5.2', to: '11.1', argv: q35, bus: 'rp0', more: native, campaign: true },
  { board: 'q35', from: '11.1', to: '7.2', argv: q35, bus: 'rp0', campaign: true },
];

describe.skipIf(why !== undefined)('a disk plugged into a carried Linux', () => {
  const guest = linux as LinuxGuest;
  const folder = temporaryFolder();
  afterAll(() => dropFolder(folder));

  test.concurrent.each(boards.filter((one) => campaign || one.campaign !== true))(
    '$board, $from to $to: the guest reads it',
    { timeout: 600_000 },
    async ({ board, from, to, argv, bus, more = [] }) => {
      const file = (name: string): string => join(folder, `${board}-${from}-${to}-${name}`);
      const [disk, serial, state, out, console_, plugged] = [
        'disk',
        'serial',
        'state',
        'out',
        'console',
        'plugged',
      ].map(file) as [string, string, string, string, string, string];
      await makeDisk(disk, 'source');
      await makeDisk(plugged, 'plugged');
      const last = await withMachine(
        { binary: qemu(from).binary, argv: [...argv, ...guestArgv(guest, { serial, disk })] },
        async (machine) => {
          await setCapabilities(machine, {});
          await waitForTick(machine, serial, 0, BOOT);
          await machine.execute('stop');
          await migrateToFile(machine, state);
          return ticksOf(await readFile(serial, 'latin1')).at(-1)!;
        },
      );
      await copyFile(disk, file('copy'));
      const words = [...argv, ...more, ...guestArgv(guest, { serial: console_, disk: file('copy') })];
      const { binary } = qemu(to);
      const { donor, ...known } = await askTarget({
        binary,
        argv: words,
        folder: mkdtempSync(file('asked-')),
      });
      const source = await openFile(state);
      const { report, written } = await transplant(source, await openFileSink(out), donor, known).finally(() =>
        source.close(),
      );
      expect(
        [written, report.trial.state],
        JSON.stringify(report.differences.filter(({ grade }) => grade === 'impossible')),
      ).toEqual([true, 'passed']);
      await withMachine({ binary, argv: [...words, '-S', '-incoming', 'defer'] }, async (machine) => {
        await setCapabilities(machine, {});
        await migrateFrom(machine, stateUri(machine, out), { timeoutMs: 60_000 });
        await machine.execute('cont');
        await waitForTick(machine, console_, last.n, BOOT);
        await machine.execute('blockdev-add', {
          driver: 'raw',
          'node-name': 'plugged',
          file: { driver: 'file', filename: plugged },
        });
        await machine.execute('device_add', { driver: 'virtio-blk-pci', drive: 'plugged', id: 'plugged', bus });
        expect(await plugIn(machine, console_)).toContain("guest sees disk label 'plugged'");
        // And what was there before goes on.
        const seen = ticksOf(
          await waitForTick(machine, console_, ticksOf(await readFile(console_, 'latin1')).at(-1)!.n + 1, BOOT),
        );
        expect(seen.at(-1)).toMatchObject({ disk: 'ok', label: 'source', hash: last.hash });
      });
    },
  );
});

async function plugIn(machine: Machine, console_: string): Promise<string> {
  let seen = '';
  const look = async (): Promise<string | undefined> => {
    machine.process.throwIfDead('while a disk was plugged in');
    seen = await readFile(console_, 'latin1');
    return seen.includes('guest sees disk') ? seen : undefined;
  };
  return until(look, {
    timeoutMs: 60_000,
    what: 'the guest to see the disk',
    lastSeen: () => JSON.stringify(seen.slice(-300)),
  });
}
