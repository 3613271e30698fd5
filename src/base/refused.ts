// The only error class for a request that is refused, although the input is sound: an edit, a template, a transplant, a
// QEMU's command line. Damaged input is a MigrationStreamError.

import type { Hint } from './hint.js';

/**
 * `refused`: the result would not load, would lose data, or would not be what was asked for. `no-match`: an edit
 * matches nothing. `contradiction`: two parts of the request exclude each other. `no-template`: a folder holds no
 * template.
 */
export type RefusalCode = 'refused' | 'no-match' | 'contradiction' | 'no-template';

/** Thrown before anything is written. */
export class Refused extends Error {
  readonly code: RefusalCode;
  readonly hint: Hint | undefined;

  constructor(code: RefusalCode, message: string, hint?: Hint) {
    super(message);
    this.name = 'Refused';
    this.code = code;
    this.hint = hint;
  }
}
