// A QEMU that is started only to answer questions and can do no harm: neutralised, stopped, in a temporary folder.

import type { QemuBinary } from './binary.js';
import { dropFolder } from './keeper.js';
import { withMachine, type Machine } from './machine.js';
import { neutralArgv, neutralBinary, type Neutralised } from './neutralise.js';
import { temporaryFolder } from './process.js';

export interface NeutralOptions {
  readonly binary: QemuBinary;
  /** The user's command line, without the executable. */
  readonly argv: readonly string[];
  /** Options of this package, added after neutralising. */
  readonly extra?: readonly string[];
  /** QEMU's working folder; default: that of this process. */
  readonly cwd?: string | undefined;
  /** Milliseconds until the monitor must answer. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * Changes the neutral command line, for callers that want to look at memory. The caller is responsible for its
   * effects.
   */
  readonly adapt?: (argv: readonly string[], folder: string) => Promise<readonly string[]>;
  /**
   * False: use the command line unchanged. Only for command lines of this package, and for the proof that neutralising
   * is needed.
   */
  readonly neutralised?: boolean;
}

/**
 * Starts the QEMU with -S, runs `work` with it, and leaves nothing behind. `changes` lists the changes to the command
 * line.
 * @throws Refused; QemuDied, Timeout; every error of `work`
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
