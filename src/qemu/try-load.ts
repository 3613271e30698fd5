// Tries whether a QEMU loads a state. The try runs in a temporary QEMU that can do no harm, and the result is in QEMU's
// words. QEMU: process_incoming_migration_co(), migration/migration.c.

import { shellWord } from '../base/shell.js';
import { copyFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findOptions } from './argv.js';
import { feeding, type Feed, type Feeding } from './feed.js';
import type { QemuBinary } from './binary.js';
import type { Machine } from './machine.js';
import { MigrationFailed, setCapabilities, startIncoming, waitForMigration } from './migrate.js';
import { withNeutralMachine } from './neutral-machine.js';
import { parseParameter } from './parameter.js';
import { QemuDied } from './process.js';
import { QmpError, Timeout } from './qmp/errors.js';

/**
 * A template's memory, by backend id. `private`: share=off on the file itself; `copy`: the backend's settings on a copy
 * of the file.
 */
export type TrialMemory = Readonly<Record<string, { readonly file: string; readonly how: 'private' | 'copy' }>>;

export interface TryLoadOptions {
  readonly binary: QemuBinary;
  readonly argv: readonly string[];
  /** The state: a file, bytes, or a stream in a container. */
  readonly state: string | Uint8Array | Feed;
  /** Where the stream begins in the file, bytes. Default 0. */
  readonly stateAt?: number;
  /** Migration capabilities to switch on. */
  readonly capabilities?: readonly string[];
  /** Backends that are missing here are empty. */
  readonly memory?: TrialMemory;
  /** QEMU's working folder; default: that of this process. */
  readonly cwd?: string | undefined;
  /** Milliseconds from the first byte of the state until the load counts as hung; 10,000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** False only for command lines of this package. */
  readonly neutralised?: boolean;
  /** Called after a load, while the guest is stopped. */
  readonly look?: (machine: Machine) => Promise<void>;
}

export interface Trial {
  /** `died`: ended by a signal, or silently; `hung`: neither loaded nor refused before the deadline. */
  readonly verdict: 'loads' | 'rejected' | 'died' | 'hung';
  /**
   * QEMU's stderr, without QEMU's name in front and without warnings; the monitor's error, where the load does not
   * begin.
   */
  readonly lines: readonly string[];
  /** QEMU's stderr, unchanged. */
  readonly stderr: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Result of `onLoaded` after a load. */
  readonly runState: string | null;
}

const HANG = 10_000;

/**
 * From QEMU 10.2 on every line may begin with the option that it concerns; an incoming migration has no such option.
 */
const PROGRAM = /^(?:\S*\/)?(?:qemu-system-[A-Za-z0-9_]+|qemu-kvm): /;

/** QEMU's words in the form for comparison: one message per line, without QEMU's name, empty lines and warnings. */
export function qemuLines(stderr: string): string[] {
  return stderr
    .split('\n')
    .map((line) => line.trimEnd().replace(PROGRAM, ''))
    .filter((line) => line !== '' && !line.startsWith('warning: '));
}

/**
 * Tries one state in one QEMU, started with -incoming defer. The words are the same as with a URI on the command line,
 * where the URI may come first. Capabilities that the monitor does not take are a rejection, in the monitor's words.
 * @throws Refused; QemuDied when it does not even start
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
  { state, stateAt = 0, capabilities = [], cwd = process.cwd(), timeoutMs = HANG, signal, look }: TryLoadOptions,
): Promise<Trial> {
  const feed = await feedOf({ state, stateAt, cwd }, capabilities.includes('mapped-ram'), machine.folder);
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
    await setCapabilities(machine, Object.fromEntries(capabilities.map((name) => [name, true])));
    const mark = await startIncoming(machine, feed.uri);
    feed.start();
    await waitForMigration(machine, mark, { timeoutMs, signal });
    const { status } = await machine.execute('query-status', undefined, { timeoutMs });
    await look?.(machine);
    return told('loads', status);
  } catch (error) {
    if (error instanceof QemuDied) return told((error.exit.code ?? 0) > 0 ? 'rejected' : 'died');
    if (error instanceof MigrationFailed) {
      // QEMU reports "failed" and then exits; its last words may still be in the pipe.
      const exit = await machine.process.waitForExit(timeoutMs, signal).catch(() => undefined);
      return told(exit?.signal === null || exit === undefined ? 'rejected' : 'died');
    }
    if (error instanceof Timeout) return told('hung');
    if (error instanceof QmpError) return { ...told('rejected'), lines: [error.desc] };
    throw error;
  } finally {
    await feed.stop();
  }
}

async function feedOf(
  { state, stateAt, cwd }: Pick<TryLoadOptions, 'state'> & { readonly stateAt: number; readonly cwd: string },
  mapped: boolean,
  folder: string,
): Promise<Feeding> {
  if (typeof state !== 'string' && 'source' in state) return feeding(state, mapped, folder);
  const file = typeof state === 'string' ? resolve(cwd, state) : join(folder, 'state');
  if (typeof state !== 'string') await writeFile(file, state, { mode: 0o600 });
  const uri = mapped
    ? `file:${file}${stateAt === 0 ? '' : `,offset=${stateAt}`}`
    : `exec:tail -c +${stateAt + 1} ${shellWord(file)}`;
  return { uri, start: () => {}, stop: async () => {} };
}

/** Gives the memory of a template to backends of a neutral command line. */
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
    // QEMU creates a missing file, and enlarges an empty file.
    if ((await stat(file)).size === 0) throw new Error(`${wanted.file} is empty`);
    const copy = join(folder, `memory-${index}`);
    if (wanted.how === 'copy') await copyFile(file, copy);
    next[index + 1] = object.changed(wanted.how === 'copy' ? { 'mem-path': copy } : { 'mem-path': file, share: false });
  }
  return next;
}

/**
 * Tries many cases, some at once; the results are in the order of the cases. A case that cannot be tried gives its
 * error as a value.
 */
export async function tryAll<T extends TryLoadOptions>(
  cases: Iterable<T>,
  options: { readonly atOnce?: number; readonly done?: (item: T, trial: Trial | Error) => void } = {},
): Promise<(Trial | Error)[]> {
  const results: (Trial | Error)[] = [];
  const queue = [...cases].entries();
  const worker = async (): Promise<void> => {
    for (const [i, item] of queue) {
      results[i] = await tryLoad(item).catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      );
      options.done?.(item, results[i]);
    }
  };
  await Promise.all(Array.from({ length: options.atOnce ?? 2 }, worker));
  return results;
}
