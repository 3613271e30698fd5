// Steps 3 to 5 of the recipe: makes clones of a template. Each clone maps the template's memory privately. A limited
// number starts at a time, and each phase is timed. A failure is reported in QEMU's words, with our explanation where
// the state shows the cause.

import { shellWord } from '../base/shell.js';
import { behaves } from '../release/behaviours.js';
import { access } from 'node:fs/promises';
import type { QemuBinary } from '../qemu/binary.js';
import { startMachine, type Accelerator, type Machine } from '../qemu/machine.js';
import { migrateFrom, setCapabilities } from '../qemu/migrate.js';
import { explainFailure } from './explain.js';
import { templatePath, type Manifest } from './manifest.js';
import { cloneArgv, fillIn } from './template-argv.js';

export interface CloneOptions {
  readonly binary: QemuBinary;
  readonly manifest: Manifest;
  /** The template's folder. */
  readonly folder: string;
  readonly count: number;
  /** Maximum number of clones that start at the same time. */
  readonly jobs: number;
  /** Let the clones run after loading. */
  readonly start: boolean;
  /** Options added to the argv of each clone; `{n}` is the number of the clone. */
  readonly extra: readonly string[];
  readonly accelerator?: Accelerator;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called for each finished clone, in order of completion. */
  readonly onResult?: (result: CloneResult) => void;
}

/** Milliseconds. */
export interface ClonePhases {
  /** From the start of the process until the monitor answers. */
  readonly launch: number;
  /** From migrate-incoming to completed. */
  readonly load: number;
  /** From cont to running; undefined without --start. */
  readonly resume: number | undefined;
}

export type CloneResult =
  | {
      readonly number: number;
      readonly ok: true;
      readonly machine: Machine;
      readonly pid: number;
      readonly socket: string;
      readonly phases: ClonePhases;
    }
  | { readonly number: number; readonly ok: false; readonly error: Error; readonly explanation: string | undefined };

/**
 * Makes the clones. Machines in the results run until the caller ends them. When this function throws, no machine is
 * left.
 * @throws the signal's reason; an Error when a file of the template is missing
 */
export async function makeClones(options: CloneOptions): Promise<CloneResult[]> {
  for (const file of [options.manifest.state, ...Object.values(options.manifest.memory)]) {
    await access(templatePath(options.folder, file.path));
  }
  const results: CloneResult[] = [];
  let next = 1;
  const worker = async (): Promise<void> => {
    while (next <= options.count) {
      options.signal?.throwIfAborted();
      const number = next;
      next += 1;
      const result = await makeClone(options, number);
      results.push(result);
      options.onResult?.(result);
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: Math.min(options.jobs, options.count) }, worker));
  const failed = workers.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await endClones(results);
    throw failed.reason;
  }
  return results.sort((a, b) => a.number - b.number);
}

export async function endClones(results: readonly CloneResult[]): Promise<void> {
  await Promise.all(results.map((result) => (result.ok ? result.machine.end() : undefined)));
}

async function makeClone(options: CloneOptions, number: number): Promise<CloneResult> {
  const { manifest, folder, signal } = options;
  const limits = { ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }), signal };
  let machine: Machine | undefined;
  try {
    const argv = fillIn(cloneArgv(manifest.argv, manifest.machine, options.extra), folder, String(number));
    const launched = performance.now();
    machine = await startMachine({
      binary: options.binary,
      argv,
      accelerator: options.accelerator ?? 'tcg',
      ...limits,
    });
    await setCapabilities(machine, Object.fromEntries(manifest.capabilities.map((name) => [name, true])));
    const loading = performance.now();
    await migrateFrom(machine, stateUri(machine, templatePath(folder, manifest.state.path)), limits);
    const loaded = performance.now();
    const resume = options.start ? await resumeMachine(machine, limits) : undefined;
    return {
      number,
      ok: true,
      machine,
      pid: machine.process.pid,
      socket: machine.socket,
      phases: { launch: loading - launched, load: loaded - loading, resume },
    };
  } catch (error) {
    const words = machine?.process.stderr ?? '';
    await machine?.end();
    if (signal?.aborted === true) throw error;
    const failure = error instanceof Error ? error : new Error(String(error));
    return {
      number,
      ok: false,
      error: failure,
      explanation: explainFailure(words === '' ? failure.message : words, manifest),
    };
  }
}

/** `file:` spares a process where QEMU has it. */
export function stateUri(machine: Machine, file: string): string {
  const hasFile = behaves(machine.qmp.greeting.version.qemu, 'file-uri');
  return hasFile && !file.includes(',') ? `file:${file}` : `exec:cat ${shellWord(file)}`;
}

/** Lets the clone run; the result is the time in milliseconds until it runs. */
export async function resumeMachine(
  machine: Machine,
  limits: { timeoutMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const started = performance.now();
  const mark = machine.mark();
  await machine.execute('cont');
  await machine.waitForEvent('RESUME', { since: mark, ...limits });
  return performance.now() - started;
}
