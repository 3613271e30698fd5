// Errors of the operating system as errors of this package.

import type { Hint } from '../../base/hint.js';
import { MigrationStreamError } from '../../base/errors.js';

export interface IoDetails {
  readonly offset?: number | undefined;
  readonly hint?: Hint | undefined;
}

/** Code `io`. The message is `what`, then the system's reason without its code and call. */
export function ioError(what: string, cause: unknown, details: IoDetails = {}): MigrationStreamError {
  if (cause instanceof MigrationStreamError) return cause;
  return new MigrationStreamError({ code: 'io', message: `${what}: ${reasonOf(cause)}`, cause, ...details });
}

/** The same for what could not be written: told apart from an input that cannot be read. */
export function outputError(what: string, cause: unknown, details: IoDetails = {}): MigrationStreamError {
  if (cause instanceof MigrationStreamError) return cause;
  return new MigrationStreamError({
    code: 'io',
    message: `${what}: ${reasonOf(cause)}`,
    cause,
    output: true,
    ...details,
  });
}

/** `ENOENT` and its like; undefined for what the system did not say. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  // Examples: "ENOSPC: no space left on device, write" and "ENOENT: no such file or directory, open 'x'"
  return /^[A-Z][A-Z0-9]*: ([^,]+)/.exec(cause.message)?.[1] ?? cause.message;
}
