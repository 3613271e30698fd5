// A QEMU that is started to be asked, and can do no harm: neutralised, stopped, in a folder of its own that goes with it.
// Imports qemu/ files below it.

import { join } from 'node:path';
import type { QemuBinary } from './binary.js';
import { dropFolder } from './keeper.js';
import { withMachine, type Machine } from './machine.js';
import { migrateToFile, setCapabilities } from './migrate.js';
import { neutralArgv, neutralBinary, type Neutralised } from './neutralise.js';
import { temporaryFolder } from './process.js';

export interface NeutralOptions {
  readonly binary: QemuBinary;
  /** As somebody would start it, without the executable. */
  readonly argv: readonly string[];
  /** Added after it was neutralised: our own. */
  readonly extra?: readonly string[];
  /** QEMU's working folder; ours by default. */
  readonly cwd?: string | undefined;
  /** Milliseconds until the monitor must answer. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Changes the neutral command line, which knows what it does; for memory that is to be looked at. */
  readonly adapt?: (argv: readonly string[], folder: string) => Promise<readonly string[]>;
  /** False: as it is. Only for command lines that are ours, and for the proof that neutralising is needed. */
  readonly neutralised?: boolean;
}

/**
 * Starts it with -S, works with it, and leaves nothing behind. `changes` is what was changed.
 * @throws WillNotStart; QemuDied, Timeout; whatever the work throws
 */
export async function withNeutralMachine<T>(
  options: NeutralOptions,
  work: (machine: Machine, neutral: Pick<Neutralised, 'argv' | 'changes'>) => Promise<T>,
): Promise<T> {
  const { binary, argv, extra = [], cwd, timeoutMs, signal, adapt } = options;
  const folder = temporaryFolder();
  try {
    const neutral =
      options.neutralised === false ? { argv, changes: [] } : neutralArgv(argv, { temporaryFolder: folder, cwd });
    const started = adapt === undefined ? neutral.argv : await adapt(neutral.argv, folder);
    const machine = {
      binary: neutralBinary(binary, folder),
      argv: [...started, '-S', ...extra],
      signal,
      ...(cwd === undefined ? {} : { cwd }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    };
    return await withMachine(machine, (running) => work(running, neutral));
  } finally {
    dropFolder(folder);
  }
}

/**
 * A save of a destination before anything ran in it: its configuration, section order, field lists and values after
 * reset. Its memory is empty but for what reset writes. The file appears at `file`.
 * @throws WillNotStart, QemuDied, MigrationFailed, QmpError, Timeout
 */
export async function saveDonor(
  options: NeutralOptions & { readonly capabilities?: readonly string[] },
  file: string,
): Promise<Pick<Neutralised, 'argv' | 'changes'>> {
  return withNeutralMachine(options, async (machine, neutral) => {
    await setCapabilities(machine, Object.fromEntries((options.capabilities ?? []).map((name) => [name, true])));
    await migrateToFile(machine, join(file), { signal: options.signal });
    return neutral;
  });
}
