// The seed's recipe with a real Linux, a disk and a network, on every QEMU of the lab: the template's guest goes on in
// four clones where it was stopped, each with its own disk and its own memory, and the template's files stay as they
// were.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkTemplate } from '../../src/clone/check.js';
import { endClones, makeClones, type CloneResult } from '../../src/clone/clone.js';
import { median } from '../../src/clone/median.js';
import { createTemplate } from '../../src/clone/template.js';
import { dropFolder } from '../../src/qemu/keeper.js';
import { openLab, qemuSkipReason, type LabQemu } from '../../src/qemu/lab.js';
import { temporaryFolder } from '../../src/qemu/process.js';
import {
  copyDisk,
  guestArgv,
  GUEST_READY,
  makeDisk,
  openLinuxGuest,
  ticksOf,
  waitForTick,
  type LinuxGuest,
} from './support/linux-guest.js';

const CLONES = 4;

const say = (line: string): void => console.error(line);
const off = qemuSkipReason();
const lab = off === undefined ? await openLab({ progress: say }) : [];
const linux = off === undefined ? await openLinuxGuest(say) : { unavailable: off };

if ('unavailable' in linux) {
  say(`Linux guest tests skipped: ${linux.unavailable}`);
  test.skip(`Linux clones: ${linux.unavailable}`);
} else {
  for (const qemu of lab)
    test(`a Linux goes on in ${CLONES} clones on QEMU ${qemu.version}`, () => goesOnInClones(qemu, linux));
}

const rows: string[] = [];
afterAll(() => {
  if (rows.length > 0)
    console.log(
      [
        '| QEMU | boot | state | launch | load | resume | own memory of 128 MiB |',
        '| --- | --- | --- | --- | --- | --- | --- |',
        ...rows,
      ].join('\n'),
    );
});

async function hashOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

/** MiB of a file's private mapping that a process has written to. */
async function ownMemory(pid: number, file: string): Promise<number> {
  let inside = false;
  let kilobytes = 0;
  for (const line of (await readFile(`/proc/${pid}/smaps`, 'utf8')).split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) inside = line.endsWith(` ${file}`);
    else if (inside) kilobytes += Number(/^Private_Dirty: +(\d+) kB/.exec(line)?.[1] ?? 0);
  }
  return kilobytes / 1024;
}

async function goesOnInClones({ version, binary }: LabQemu, guest: LinuxGuest): Promise<void> {
  const work = temporaryFolder();
  const folder = join(work, 'template');
  const disk = (n: number | string): string => join(work, `disk-${n}.raw`);
  const serial = (n: number | string): string => join(work, `serial-${n}.log`);
  let clones: CloneResult[] = [];
  try {
    await makeDisk(disk('template'), 'template');
    const started = performance.now();
    let boot = 0;
    const manifest = await createTemplate({
      binary,
      argv: guestArgv(guest, { serial: serial('{n}'), disk: disk('{n}'), net: true }),
      folder,
      readiness: { kind: 'text', file: serial('template'), text: GUEST_READY },
      timeoutMs: 180_000,
      onStopped: async () => void (boot = performance.now() - started),
    });
    const before = await readFile(serial('template'), 'latin1');
    const last = ticksOf(before).at(-1)!;
    expect(last).toMatchObject({ disk: 'ok', label: 'template', ping: 'ok' });
    expect(before).toContain(`${GUEST_READY}${last.hash}`);

    const diskHash = await hashOf(disk('template'));
    for (let n = 1; n <= CLONES; n += 1) await copyDisk(disk('template'), disk(n), `clone ${n}`);
    clones = await makeClones({ binary, manifest, folder, count: CLONES, jobs: 2, start: true, extra: [] });
    const running = clones.flatMap((clone) => (clone.ok ? [clone] : []));
    expect(clones.filter((clone) => !clone.ok)).toEqual([]);

    // The tick after the next is the first one that began in the clone.
    const consoles = await Promise.all(
      running.map(({ machine, number }) => waitForTick(machine, serial(number), last.n + 1)),
    );
    consoles.forEach((after, index) => {
      // No tick is lost or repeated, and no byte of the line during which the template was stopped.
      const ticks = ticksOf(before + after);
      expect(ticks.map(({ n }) => n)).toEqual(ticks.map((_, at) => at + 1));
      expect(ticks.at(-1)).toMatchObject({ disk: 'ok', label: `clone ${index + 1}`, ping: 'ok' });
      expect(new Set(ticks.map(({ hash }) => hash))).toEqual(new Set([last.hash]));
      expect(ticks.map(({ up }) => up)).toEqual(ticks.map(({ up }) => up).sort((a, b) => a - b));
    });
    expect(new Set(consoles).size).toBe(CLONES);

    const own = await Promise.all(running.map(({ pid }) => ownMemory(pid, join(folder, 'memory'))));
    expect(Math.min(...own)).toBeGreaterThan(0);
    expect(Math.max(...own)).toBeLessThan(128);
    await endClones(clones);
    for (const { pid } of running) expect(() => process.kill(pid, 0)).toThrow('ESRCH');

    expect((await checkTemplate(folder)).findings).toEqual([]);
    expect(await hashOf(join(folder, 'memory'))).toBe(Object.values(manifest.memory)[0]?.sha256);
    expect(await hashOf(disk('template'))).toBe(diskHash);
    for (const [index, after] of consoles.entries()) {
      const { n, hash } = ticksOf(after).at(-1)!;
      expect(await readFile(disk(index + 1), 'latin1')).toContain(`tick ${n} ${hash}`);
    }

    const middle = (phase: 'launch' | 'load' | 'resume'): number =>
      median(running.map(({ phases }) => phases[phase] ?? Number.NaN));
    expect(middle('load')).toBeLessThan(boot / 10);
    const ms = (phase: 'launch' | 'load' | 'resume'): string => `${middle(phase).toFixed(1)} ms`;
    rows.push(
      `| ${version} | ${(boot / 1000).toFixed(1)} s | ${Math.round(manifest.state.size / 1024)} KiB | ${ms('launch')} | ${ms('load')} | ${ms('resume')} | ${median(own).toFixed(1)} MiB |`,
    );
  } finally {
    await endClones(clones);
    dropFolder(work);
  }
}
