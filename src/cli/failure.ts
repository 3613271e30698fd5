// A command that failed in a way of its own, already in words and with its exit code. Commands turn what their
// operations throw into this, so that run.ts needs to know none of them. Imports types of its own folder.

import type { ExitCode } from './exit-code.js';

export class Failure extends Error {
  readonly code: ExitCode;
  /** One or two words before the message. */
  readonly label: string;
  readonly hint: string | undefined;

  constructor(code: ExitCode, label: string, message: string, hint?: string) {
    super(message);
    this.name = 'Failure';
    this.code = code;
    this.label = label;
    this.hint = hint;
  }
}
