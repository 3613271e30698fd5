// The only error class for damaged or hostile input, and the closed union of its codes. Every fact for callers is a
// field; report/error.ts makes the text for people.

import type { Hint } from './hint.js';
import type { SavedStateRow } from './saved-state.js';

/**
 * Every way in which a byte sequence can fail to be a migration stream. The union is closed: tests name fixtures after
 * its codes.
 */
export const errorCodes = [
  'not-a-stream',
  'unsupported-version',
  'truncated',
  'bad-section-type',
  'bad-configuration',
  'bad-string',
  'footer-mismatch',
  'unknown-section-id',
  'unknown-payload',
  'bad-payload',
  'bad-ram-flags',
  'unknown-block',
  'offset-out-of-block',
  'address-too-large',
  'bad-block-list',
  'dialect-unknown',
  'dialect-ambiguous',
  'bad-command',
  'bad-vmdescription',
  'limit-exceeded',
  'not-seekable',
  'bad-container',
  'unsupported',
  'several-streams',
  'cannot-encode',
  'io',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** A place in a container around the stream. */
export interface OuterPlace {
  /** The container's name with its article: "a libvirt save image". */
  readonly container: string;
  /** Bytes from the container's start; undefined where the offset is not known. */
  readonly offset: number | undefined;
  /** The place lies before `offset`: that is how much of the container was read. */
  readonly before?: boolean | undefined;
}

export interface ErrorDetails {
  readonly code: ErrorCode;
  /** What is wrong, in one line. The line contains neither offset nor path. */
  readonly message: string;
  /**
   * Byte offset in the stream, or in the file that was given instead of a stream; undefined where there is no offset.
   */
  readonly offset?: number | undefined;
  /** Place in the grammar, outermost first, e.g. `['section 3 "ram"', 'page record']`. */
  readonly path?: readonly string[] | undefined;
  /** What to try next. */
  readonly hint?: Hint | undefined;
  /** Position of `offset` in each container around the stream, innermost first. */
  readonly outer?: readonly OuterPlace[] | undefined;
  /** For `several-streams`: the saved states to choose from. */
  readonly choices?: readonly SavedStateRow[] | undefined;
  readonly cause?: unknown;
  /** With code `io`: what failed is the output, not the input. */
  readonly output?: boolean | undefined;
}

/** Thrown when input cannot be read as a migration stream, or a model cannot be written as a migration stream. */
export class MigrationStreamError extends Error {
  readonly code: ErrorCode;
  readonly offset: number | undefined;
  readonly path: readonly string[];
  readonly hint: Hint | undefined;
  readonly outer: readonly OuterPlace[] | undefined;
  readonly choices: readonly SavedStateRow[] | undefined;
  /** With code `io`: what failed is the output, not the input. */
  readonly output: boolean;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'MigrationStreamError';
    this.code = details.code;
    this.offset = details.offset;
    this.path = details.path ?? [];
    this.hint = details.hint;
    this.outer = details.outer;
    this.choices = details.choices;
    this.output = details.output ?? false;
  }

  /** The same error, with `outer` as the containers around the stream, innermost first. */
  within(outer: readonly OuterPlace[]): MigrationStreamError {
    return new MigrationStreamError({ ...this.details(), outer });
  }

  /** The same error, met while the stream was read at `path`. */
  along(path: readonly string[]): MigrationStreamError {
    return new MigrationStreamError({ ...this.details(), path });
  }

  private details(): ErrorDetails {
    const { code, message, offset, path, hint, outer, choices, cause, output } = this;
    return { code, message, offset, path, hint, outer, choices, cause, output };
  }
}

/**
 * The result of `read`; undefined when `read` throws a MigrationStreamError. Other errors are bugs of this package and
 * pass through.
 */
export function unlessBroken<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MigrationStreamError) return undefined;
    throw error;
  }
}
