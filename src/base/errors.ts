// The one error class for damaged or hostile input, and the closed union of its codes. Everything a caller can
// know is a field; the text for people is made in report/error.ts. Imports nothing.

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
  'cannot-encode',
  'io',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorDetails {
  readonly code: ErrorCode;
  /** What is wrong, in one line, without offset and path. */
  readonly message: string;
  /** Absolute byte offset in the outermost input, when there is one. */
  readonly offset?: number | undefined;
  /** Where in the grammar: outermost first, e.g. `['section 3 "ram"', 'page record']`. */
  readonly path?: readonly string[] | undefined;
  /** What to try next. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** Thrown whenever input cannot be read, or a model cannot be written, as a migration stream. */
export class MigrationStreamError extends Error {
  readonly code: ErrorCode;
  readonly offset: number | undefined;
  readonly path: readonly string[];
  readonly hint: string | undefined;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'MigrationStreamError';
    this.code = details.code;
    this.offset = details.offset;
    this.path = details.path ?? [];
    this.hint = details.hint;
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
