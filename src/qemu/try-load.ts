// Does this QEMU load this state? Tried, in a throw-away QEMU that can do no harm, and told in its own words. QEMU:
// process_incoming_migration_co(), migration/migration.c. Imports qemu/ files below it.

import { shellWord } from '../base/shell.js';
import { copyFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findOptions } from './argv.js';
import type { QemuBinary } from './binary.js';
import type { Machine } from './machine.js';
import { MigrationFailed, setCapabilities, startIncoming, waitForMigration } from './migrate.js';
import { withNeutralMachine } from './neutral-machine.js';
import { parseParameter } from './parameter.js';
import { QemuDied } from './process.js';
import { Timeout } from './qmp/errors.js';

/** A template's memory, by backend id. `private`: share=off on the file itself; `copy`: as the backend says, on a copy. */
export type TrialMemory = Readonly<Record<string, { readonly file: string; readonly how: 'private' | 'copy' }>>;

export interface TryLoadOptions {
  readonly binary: QemuBinary;
  readonly argv: readonly string[];
  /** A file, or the bytes. */
  readonly state: string | Uint8Array;
  /** Migration capabilities to be switched on. */
  readonly capabilities?: readonly string[];
  /** Backends not named here are empty. */
  readonly memory?: TrialMemory;
  /** QEMU's working folder; ours by default. */
  readonly cwd?: string | undefined;
  /** Milliseconds from the state's first byte until it counts as hung; 10,000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** False only for command lines that are ours. */
  readonly neutralised?: boolean;
  /** With the guest stopped, as it was loaded. */
  readonly look?: (machine: Machine) => Promise<void>;
}

export interface Trial {
  /** `died`: by a signal, or in silence; `hung`: neither loaded nor refused by the deadline. */
  readonly verdict: 'loads' | 'rejected' | 'died' | 'hung';
  /** What QEMU wrote on stderr, without its name in front and without warnings. */
  readonly lines: readonly string[];
  /** The same as it stands. */
  readonly stderr: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** After a load. */
  readonly runState: string | null;
}

const HANG = 10_000;

/** From QEMU 10.2 on every line may begin with the option that it is about; an incoming migration has none. */
const PROGRAM = /^(?:\S*\/)?(?:qemu-system-[A-Za-z0-9_]+|qemu-kvm): /;

/** QEMU's words as they are compared: one line each, without its name, empty lines and warnings. */
export function qemuLines(stderr: string): string[] {
  return stderr
    .split('\n')
    .map((line) => line.trimEnd().replace(PROGRAM, ''))
    .filter((line) => line !== '' && !line.startsWith('warning: '));
}

/**
 * One QEMU, one state. What it says is that of a QEMU with -incoming defer: the same words as with a URI on the command
 * line, where the URI may stand in front.
 * @throws WillNotStart; QemuDied when it does not even start; QmpError for a capability that it lacks
 */
export async function tryLoad(options: TryLoadOptions): Promise<Trial> {
  const { binary, argv, cwd, signal, memory } = options;
  const neutral = {
    binary,
    argv,
    cwd,
    signal,
    extra: ['-incoming', 'defer'],
    neutralised: options.neutralised ?? true,
  };
  const adapt =
    memory === undefined
      ? {}
      : { adapt: (words: readonly string[], folder: string) => withMemory(words, memory, folder, cwd) };
  return withNeutralMachine({ ...neutral, ...adapt }, (machine) => load(machine, options));
}

async function load(
  machine: Machine,
  { state, capabilities = [], cwd = process.cwd(), timeoutMs = HANG, signal, look }: TryLoadOptions,
): Promise<Trial> {
  await setCapabilities(machine, Object.fromEntries(capabilities.map((name) => [name, true])));
  const file = typeof state === 'string' ? resolve(cwd, state) : join(machine.folder, 'state');
  if (typeof state !== 'string') await writeFile(file, state, { mode: 0o600 });
  const told = (verdict: Trial['verdict'], runState: string | null = null): Trial => {
    const { stderr, exit } = machine.process;
    return {
      verdict,
      lines: qemuLines(stderr),
      stderr,
      exitCode: exit?.code ?? null,
      signal: exit?.signal ?? null,
      runState,
    };
  };
  try {
    const mark = await startIncoming(
      machine,
      capabilities.includes('mapped-ram') ? `file:${file}` : `exec:cat ${shellWord(file)}`,
    );
    await waitForMigration(machine, mark, { timeoutMs, signal });
    const { status } = await machine.execute('query-status', undefined, { timeoutMs });
    await look?.(machine);
    return told('loads', status);
  } catch (error) {
    if (error instanceof QemuDied) return told((error.exit.code ?? 0) > 0 ? 'rejected' : 'died');
    if (error instanceof MigrationFailed) {
      // It says "failed" and exits, in this order; its last words may still be under way.
      const exit = await machine.process.waitForExit(timeoutMs, signal).catch(() => undefined);
      return told(exit?.signal === null || exit === undefined ? 'rejected' : 'died');
    }
    if (error instanceof Timeout) return told('hung');
    throw error;
  }
}

/** Gives backends of a neutral command line the memory of a template. */
async function withMemory(
  argv: readonly string[],
  memory: TrialMemory,
  folder: string,
  cwd = process.cwd(),
): Promise<string[]> {
  const next = [...argv];
  for (const { index, value } of findOptions(argv, 'object')) {
    const object = parseParameter(value, 'qom-type');
    const wanted = memory[object.get('id') ?? ''];
    if (wanted === undefined || object.get('mem-path') === undefined) continue;
    const file = resolve(cwd, wanted.file);
    // QEMU makes a file that is not there, and enlarges an empty one.
    if ((await stat(file)).size === 0) throw new Error(`${wanted.file} is empty`);
    const copy = join(folder, `memory-${index}`);
    if (wanted.how === 'copy') await copyFile(file, copy);
    next[index + 1] = object.changed(wanted.how === 'copy' ? { 'mem-path': copy } : { 'mem-path': file, share: false });
  }
  return next;
}

/**
 * Many, some at once; the results stand in the order of the cases. A case that cannot be tried at all gives its error as a
 * value.
 */
export async function tryAll<T extends TryLoadOptions>(
  cases: Iterable<T>,
  options: { readonly atOnce?: number; readonly done?: (one: T, trial: Trial | Error) => void } = {},
): Promise<(Trial | Error)[]> {
  const results: (Trial | Error)[] = [];
  const queue = [...cases].entries();
  const worker = async (): Promise<void> => {
    for (const [i, one] of queue) {
      results[i] = await tryLoad(one).catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      );
      options.done?.(one, results[i]);
    }
  };
  await Promise.all(Array.from({ length: options.atOnce ?? 2 }, worker));
  return results;
}
