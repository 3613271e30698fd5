// The options and positionals of a command as one table: what yargs needs to know of each, and the type of its value.

import type { Argv, Options as YargsOption } from 'yargs';

/** An option or positional whose value is a `T`. The field `value` exists for the compiler only. */
export interface Option<T> extends YargsOption {
  readonly positional?: boolean;
  readonly value?: T;
}

/** By the names that the code uses: `dryRun` is `--dry-run`. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

type ValueOf<O> = O extends Option<infer T> ? T : never;

/** What yargs makes of a table. */
export type ValuesOf<T extends OptionTable> = {
  readonly [K in keyof T as undefined extends ValueOf<T[K]> ? never : K]: ValueOf<T[K]>;
} & { readonly [K in keyof T as undefined extends ValueOf<T[K]> ? K : never]?: ValueOf<T[K]> };

/** A positional that must be given. */
export function positional(describe: string): Option<string> {
  return { describe, type: 'string', demandOption: true, positional: true };
}

export function positionals(describe: string): Option<readonly string[]> {
  return { describe, type: 'string', array: true, demandOption: true, positional: true };
}

export function flag(describe: string, alias?: string): Option<boolean | undefined> {
  return { describe, type: 'boolean', ...(alias === undefined ? {} : { alias }) };
}

export function text(describe: string, alias?: string): Option<string | undefined> {
  return { describe, type: 'string', requiresArg: true, ...(alias === undefined ? {} : { alias }) };
}

/** An option that may be given several times. */
export function texts(describe: string): Option<readonly string[] | undefined> {
  return { describe, type: 'string', array: true, requiresArg: true };
}

export function choice<const C extends string>(choices: readonly C[], describe: string): Option<C | undefined> {
  return { describe, choices, requiresArg: true };
}

/** An option that may stand without a value. */
export function optionalText(describe: string): Option<string | undefined> {
  return { describe, type: 'string' };
}

/** The option under a heading of the help. */
export function inGroup<T>(group: string, option: Option<T>): Option<T> {
  return { ...option, group };
}

/** For yargs. */
export function declare(yargs: Argv, table: OptionTable): Argv {
  let declared = yargs;
  for (const [key, { positional, value: _, ...option }] of Object.entries(table)) {
    const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    declared = positional === true ? declared.positional(name, option as never) : declared.option(name, option);
  }
  return declared;
}
