// A command line that makes no sense: exit 2. Imports nothing.

/** Thrown by commands and options; run.ts makes the text and the exit code. */
export class UsageError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'UsageError';
    this.hint = hint;
  }
}
