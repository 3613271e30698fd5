// clone-test: the whole recipe as a test for any QEMU. A scenario is a QEMU and a machine type. It makes a template
// while the guest works, makes N clones, proves them by their memory, measures times, makes a full save and restore of
// the same VM for comparison, and tries the loads that must be refused.

import { shellWord } from '../base/shell.js';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { release } from '../release/version.js';
import { binaryVersion, type QemuBinary } from '../qemu/binary.js';
import { startMachine, withMachine, type Machine } from '../qemu/machine.js';
import { migrateFrom, setCapabilities } from '../qemu/migrate.js';
import { dropFolder } from '../qemu/keeper.js';
import { temporaryFolder } from '../qemu/process.js';
import { waitUntilReady } from '../qemu/readiness.js';
import { endClones, makeClones, resumeMachine, type CloneResult } from './clone.js';
import { guestFirmware, READY_TEXT } from './guest.js';
import { hashFile, type Manifest } from './manifest.js';
import { median } from './median.js';
import { checkNegatives } from './negative.js';
import {
  checkAlive,
  checkEqual,
  checkIsolation,
  counted,
  takeSnapshot,
  waitForCount,
  readCounter,
  type Check,
  type Snapshot,
} from './proof.js';
import { fillIn } from './template-argv.js';
import { createTemplate, saveState } from './template.js';

export interface ScenarioOptions {
  readonly binary: QemuBinary;
  /** `pc`, `q35`, `microvm`: an alias or a full name. */
  readonly machine: string;
  readonly count: number;
  readonly jobs: number;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: (line: string) => void;
}

/** Medians over the clones, in milliseconds. */
export interface ScenarioTimes {
  readonly template: number;
  readonly launch: number;
  readonly load: number;
  readonly resume: number;
  /** A full save of the same VM, and a restore from it. */
  readonly fullSave: number;
  readonly fullRestore: number;
}

export interface ScenarioResult {
  readonly qemu: string;
  readonly machine: string;
  readonly count: number;
  readonly checks: readonly Check[];
  readonly times: ScenarioTimes | undefined;
  /** Bytes: the template's state, and a full save of the same VM. */
  readonly stateSize: number;
  readonly fullSize: number;
  /** The reason why the scenario could not be completed. */
  readonly failure: string | undefined;
}

const MEMORY = 8 * 2 ** 20;

/** Throws only the signal's reason: any other failure is a result. */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const scratch = temporaryFolder();
  const { version } = await binaryVersion(options.binary);
  const partial = { qemu: version, machine: options.machine, count: options.count };
  const checks: Check[] = [];
  try {
    const measured = await new Scenario(options, scratch, version, checks).run();
    return { ...partial, ...measured, checks, failure: undefined };
  } catch (error) {
    options.signal?.throwIfAborted();
    const failure = error instanceof Error ? error.message : String(error);
    return { ...partial, checks, times: undefined, stateSize: 0, fullSize: 0, failure };
  } finally {
    dropFolder(scratch);
  }
}

class Scenario {
  private readonly options: ScenarioOptions;
  private readonly scratch: string;
  private readonly version: string;
  private readonly checks: Check[];
  private readonly argv: readonly string[];
  private readonly folder: string;

  constructor(options: ScenarioOptions, scratch: string, version: string, checks: Check[]) {
    this.options = options;
    this.scratch = scratch;
    this.version = version;
    this.checks = checks;
    this.folder = join(scratch, 'template');
    // {n}: each QEMU has a separate console. The backends of `file` chardevs are not part of the state.
    this.argv = [
      '-M',
      options.machine,
      '-m',
      String(MEMORY / 2 ** 20),
      '-nodefaults',
      '-vga',
      'none',
      '-bios',
      join(scratch, 'guest.bin'),
      '-chardev',
      `file,id=console,path=${join(scratch, 'console-{n}')}`,
      '-device',
      'isa-debugcon,iobase=0xe9,chardev=console',
    ];
  }

  async run(): Promise<Pick<ScenarioResult, 'times' | 'stateSize' | 'fullSize'>> {
    const { options, scratch, checks } = this;
    const { binary, signal, progress } = options;
    await writeFile(join(scratch, 'guest.bin'), guestFirmware());
    progress?.('making the template');
    const started = performance.now();
    const readiness = { kind: 'text', file: join(scratch, 'console-template'), text: READY_TEXT } as const;
    let stopped: Snapshot | undefined;
    const onStopped = async (machine: Machine): Promise<void> => {
      stopped = await takeSnapshot(machine, MEMORY);
    };
    const manifest = await createTemplate({
      binary,
      argv: this.argv,
      folder: this.folder,
      readiness,
      onStopped,
      signal,
    });
    const template = performance.now() - started;
    const memory = join(this.folder, 'memory');
    progress?.(`cloning ${options.count} times`);
    const clones = await makeClones({
      binary,
      manifest,
      folder: this.folder,
      count: options.count,
      jobs: options.jobs,
      start: false,
      extra: ['-S'],
      signal,
    });
    let resume: number[];
    try {
      checks.push(counted('every clone loads', clones.filter((clone) => clone.ok).length, clones.length));
      const failed = clones.find((clone) => !clone.ok);
      if (failed !== undefined && !failed.ok) throw failed.error;
      await this.prove(stopped!, clones);
      resume = await resumeTimes(clones, signal);
    } finally {
      await endClones(clones);
    }
    const hash = await hashFile(memory);
    checks.push({
      name: 'no write reaches the template’s memory file',
      ok: hash === manifest.memory['mem0']!.sha256,
      detail: `sha256 ${hash.slice(0, 16)}…`,
    });
    progress?.('a full save and restore beside it');
    const full = await this.fullSave();
    progress?.('what must be refused');
    checks.push(...(await this.negatives(manifest)));
    const loaded = clones.filter((clone) => clone.ok);
    return {
      times: {
        template,
        launch: median(loaded.map((clone) => clone.phases.launch)),
        load: median(loaded.map((clone) => clone.phases.load)),
        resume: median(resume),
        fullSave: full.save,
        fullRestore: full.restore,
      },
      stateSize: manifest.state.size,
      fullSize: full.size,
    };
  }

  private async prove(template: Snapshot, clones: readonly CloneResult[]): Promise<void> {
    const { signal, progress } = this.options;
    const pattern = template.memory.subarray(0x10000, 0x20000).some((byte) => byte !== 0);
    this.checks.push({ name: 'the guest had written its pattern', ok: pattern, detail: '64 KiB at 0x10000' });
    progress?.('comparing memory and registers');
    this.checks.push(...(await checkEqual(template, clones)));
    progress?.('letting each clone run and write');
    this.checks.push(...(await checkIsolation(template, clones, signal)));
    this.checks.push(...(await checkAlive(clones, signal)));
  }

  private async fullSave(): Promise<{ save: number; restore: number; size: number }> {
    const { binary, signal } = this.options;
    const file = join(this.scratch, 'full');
    const argv = fillIn(this.argv, this.folder, 'full');
    const { save, size } = await withMachine({ binary, argv, signal }, async (machine) => {
      await waitUntilReady(
        machine,
        { kind: 'text', file: join(this.scratch, 'console-full'), text: READY_TEXT },
        { signal },
      );
      await machine.execute('stop');
      await setCapabilities(machine, {});
      const started = performance.now();
      const inspection = await saveState(machine, file, { signal });
      return { save: performance.now() - started, size: inspection.totals.bytes };
    });
    const restore = await withMachine(
      { binary, argv: [...argv, '-S', '-incoming', 'defer'], signal },
      async (machine) => {
        await setCapabilities(machine, {});
        const started = performance.now();
        await migrateFrom(machine, `exec:cat ${shellWord(file)}`, { signal });
        const took = performance.now() - started;
        await machine.execute('cont');
        await waitForCount(machine, await readCounter(machine), signal);
        return took;
      },
    );
    this.checks.push({ name: 'a full save of the same VM restores and runs', ok: true, detail: `${size} bytes` });
    return { save, restore, size };
  }

  private async negatives(manifest: Manifest): Promise<Check[]> {
    const { binary, signal } = this.options;
    const scratch = join(this.scratch, 'negative');
    await mkdir(scratch, { mode: 0o700 });
    const otherMachine = await this.otherMachine(manifest);
    const checks = await checkNegatives({
      binary,
      version: release(this.version),
      manifest,
      folder: this.folder,
      scratch,
      otherMachine,
      signal,
    });
    await rm(scratch, { recursive: true, force: true });
    return checks;
  }

  /** A different machine type whose load gets as far as the comparison of the name. */
  private async otherMachine(manifest: Manifest): Promise<string> {
    const machine = await startMachine({
      binary: this.options.binary,
      argv: ['-M', 'none'],
      signal: this.options.signal,
    });
    try {
      const machines = await machine.execute<{ name: string; alias?: string }[]>('query-machines');
      const family = manifest.machine?.replace(/[\d.]+$/, '') ?? '';
      const otherMachines = machines
        .map(({ name }) => name)
        .filter((name) => name.startsWith(family) && name !== manifest.machine);
      const pick =
        otherMachines.find((name) => name === machines.find(({ alias }) => alias === 'pc')?.name) ??
        otherMachines.sort().at(-1);
      return pick ?? machines.find(({ alias }) => alias === 'pc')?.name ?? 'pc';
    } finally {
      await machine.end();
    }
  }
}

/** Each clone is stopped and resumed once more, for the time of a clone alone. */
async function resumeTimes(clones: readonly CloneResult[], signal?: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  for (const clone of clones) {
    if (!clone.ok) continue;
    await clone.machine.execute('stop');
    times.push(await resumeMachine(clone.machine, { signal }));
  }
  return times;
}
