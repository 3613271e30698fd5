// What commands that run a QEMU have in common: which QEMU, its command line behind `--`, and its failures as ours.
// Loaded only by such commands.

import { findExecutable, plainBinary, type QemuBinary } from '../qemu/binary.js';
import { MigrationFailed } from '../qemu/migrate.js';
import { QemuDied } from '../qemu/process.js';
import { Disconnected, QmpError, Timeout } from '../qemu/qmp/errors.js';
import type { Accelerator } from '../qemu/machine.js';
import { IncompleteState } from '../clone/errors.js';
import { exitCode } from './exit-code.js';
import { Failure } from './failure.js';
import { choice } from './option.js';
import { UsageError } from './usage-error.js';

/**
 * The QEMU that `name` means: `lab:7.2` is the QEMU of that release in the lab, any other name a path or a name in
 * PATH. A path into the lab, as the manifest of a template has it, means the lab too: such a QEMU needs the lab's
 * libraries.
 */
export async function resolveQemu(name: string, progress: (line: string) => void): Promise<QemuBinary> {
  const release = /^lab:(.+)$/.exec(name)?.[1] ?? /\/qemu-mstream\/lab\/(\w+)\/root\//.exec(name)?.[1];
  if (release === undefined) {
    const file = await findExecutable(name);
    if (file === undefined)
      throw new Failure(
        exitCode.qemu,
        'no QEMU',
        `${name} is not there, or cannot be executed`,
        'lab:7.2 is a QEMU of `npm run lab`',
      );
    return plainBinary(file);
  }
  // The lab is large, and hardly ever asked for.
  const { labSuites, openLab } = await import('../qemu/lab.js');
  const entry = labSuites.find(({ wanted, suite }) => wanted === release || suite === release);
  if (entry === undefined)
    throw new UsageError(`no ${name}`, `one of ${labSuites.map(({ wanted }) => `lab:${wanted}`).join(', ')}`);
  try {
    return (await openLab({ suites: [entry.suite], progress }))[0]!.binary;
  } catch (error) {
    throw new Failure(exitCode.qemu, 'lab', error instanceof Error ? error.message : String(error));
  }
}

/** The words behind `--`: executable first. @throws UsageError */
export async function qemuCommandLine(
  rest: readonly string[],
  progress: (line: string) => void,
): Promise<{ binary: QemuBinary; argv: readonly string[] }> {
  const [first, ...argv] = rest;
  if (first === undefined)
    throw new UsageError(
      'no QEMU command line',
      'put it behind --, the executable first: -- qemu-system-x86_64 -M pc -m 2G …',
    );
  if (first.startsWith('-'))
    throw new UsageError(
      `the command line behind -- begins with the executable, not with ${first}`,
      '-- qemu-system-x86_64 -M pc -m 2G …',
    );
  return { binary: await resolveQemu(first, progress), argv };
}

/** Milliseconds of an option in seconds. @throws UsageError */
export function seconds(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new UsageError(`--${name} ${text}: not a number of seconds`);
  return value * 1000;
}

/** @throws UsageError */
export function positive(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000) throw new UsageError(`--${name} ${text}: not a count`);
  return value;
}

export const ACCELERATOR = choice(['tcg', 'kvm'], 'kvm falls back to tcg where there is none');

export function accelerator(choice: string | undefined): Accelerator {
  return choice === 'kvm' ? 'kvm' : 'tcg';
}

/** Our failure for whatever the QEMU driver or the clone recipe threw; anything else comes back as it is. */
function asFailure(error: unknown): unknown {
  if (error instanceof IncompleteState)
    return new Failure(exitCode.qemu, 'incomplete', error.message, 'is the disk full?');
  if (error instanceof QemuDied) return new Failure(exitCode.qemu, error.missing ? 'no QEMU' : 'QEMU', error.message);
  if (
    error instanceof MigrationFailed ||
    error instanceof QmpError ||
    error instanceof Disconnected ||
    error instanceof Timeout
  ) {
    return new Failure(exitCode.qemu, 'QEMU', error.message);
  }
  return error;
}

/** Runs `work` and turns its failures into ours. */
export async function withFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asFailure(error);
  }
}
