// What a command is: a name with its options, declared for yargs, and what it does with them. One thin file each in
// commands/; commands.ts lists them.

import type { Argv } from 'yargs';
import type { MigrationStreamError } from '../base/errors.js';
import type { Nest } from '../container/open.js';
import type { Theme } from '../report/theme.js';
import type { ExitCode } from './exit-code.js';
import type { Host } from './host.js';
import { declare, type OptionTable, type ValuesOf } from './option.js';
import type { ContainerChoices } from './options.js';

/** What a command gets beside its options. */
export interface Context {
  readonly host: Host;
  /**
   * Opens the stream inside of a state: a path, PATH#SNAPSHOT or `-`. Closing `inner` closes everything. What lies in
   * what is said on stderr, unless it stands in the command's report (`reported`).
   */
  openState(state: string, choices?: ContainerChoices, reported?: boolean): Promise<Nest>;
  readonly out: Theme;
  readonly err: Theme;
  /** No progress, please. */
  readonly progress: boolean;
  /** What stands behind `--`. */
  readonly rest: readonly string[];
  /**
   * The error, or a better one that says what an input is instead of a stream. Errors that are thrown get it anyway.
   */
  explain(error: MigrationStreamError): Promise<MigrationStreamError>;
  /** Runs when the command ends in whatever way, an interruption included; last come, first served. */
  defer(cleanup: () => Promise<void> | void): void;
}

export interface Example {
  /** Without `mstream`. */
  readonly args: string;
  readonly text: string;
}

export interface Command {
  readonly examples: readonly Example[];
  /** Adds options and positionals, and the command's own handler. */
  build(yargs: Argv): Argv;
  run(args: unknown, context: Context): Promise<ExitCode>;
}

/** Ties the options' types to `run`. `usage` replaces the text above the options in the help. */
export function defineCommand<T extends OptionTable>(definition: {
  readonly examples: readonly Example[];
  readonly usage?: string;
  readonly options: T;
  run(options: ValuesOf<T>, context: Context): Promise<ExitCode>;
}): Command {
  const { examples, usage, options } = definition;
  return {
    examples,
    build: (yargs) => declare(usage === undefined ? yargs : yargs.usage(usage), options),
    run: (args, context) => definition.run(args as ValuesOf<T>, context),
  };
}

/** A row of the command table. */
export interface CommandEntry {
  readonly name: string;
  /** For yargs, e.g. `inspect <state>`. */
  readonly usage: string;
  readonly summary: string;
  load(): Promise<Command>;
}
