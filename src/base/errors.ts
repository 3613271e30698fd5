// The one error class for damaged or hostile input, and the closed union of its codes. Everything a caller can
// know is a field; the text for people is made in report/error.ts.

import type { SavedStateRow } from './saved-state.js';

/** Every way in which a byte sequence can fail to be a migration stream. Closed: tests name fixtures after these. */
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
  /** With its article: "a libvirt save image". */
  readonly container: string;
  /** Bytes from the container's start; undefined where that is not known. */
  readonly offset: number | undefined;
}

export interface ErrorDetails {
  readonly code: ErrorCode;
  /** What is wrong, in one line, without offset and path. */
  readonly message: string;
  /** Byte offset in the stream, or in what stands in its place, when there is one. */
  readonly offset?: number | undefined;
  /** Where in the grammar: outermost first, e.g. `['section 3 "ram"', 'page record']`. */
  readonly path?: readonly string[] | undefined;
  /** What to try next. */
  readonly hint?: string | undefined;
  /** Where `offset` lies in the containers around the stream, innermost first. */
  readonly outer?: readonly OuterPlace[] | undefined;
  /** For `several-streams`: what can be named. */
  readonly choices?: readonly SavedStateRow[] | undefined;
  readonly cause?: unknown;
  /** With code `io`: what failed is the output, not the input. */
  readonly output?: boolean | undefined;
}

/** Thrown whenever input cannot be read, or a model cannot be written, as a migration stream. */
export class MigrationStreamError extends Error {
  readonly code: ErrorCode;
  readonly offset: number | undefined;
  readonly path: readonly string[];
  readonly hint: string | undefined;
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

  /** The same error inside of containers, innermost first. */
  within(outer: readonly OuterPlace[]): MigrationStreamError {
    const { code, message, offset, path, hint, choices, cause, output } = this;
    return new MigrationStreamError({ code, message, offset, path, hint, choices, cause, output, outer });
  }
}

/** What `read` gives; undefined when it throws a MigrationStreamError. Mistakes of ours go through. */
export function unlessBroken<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MigrationStreamError) return undefined;
    throw error;
  }
}
