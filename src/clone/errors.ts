// Failures of the recipe that QEMU does not report. They have a separate file, so that a command can recognise them
// without loading the recipe.

import type { Inspection } from '../ops/inspect.js';

/** A command line, or an option, from which no template can be made. */
export class WillNotClone extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'WillNotClone';
    this.hint = hint;
  }
}

/** A folder that is not a template: its manifest is missing or of another kind. */
export class NoTemplate extends Error {
  constructor(folder: string, why: string) {
    super(`${folder} is no template: ${why}`);
    this.name = 'NoTemplate';
  }
}

/** The state file that QEMU reported as written is not a complete stream. */
export class IncompleteState extends Error {
  readonly inspection: Inspection;

  constructor(inspection: Inspection, stderr: string) {
    const why = inspection.error?.message ?? 'it ends before its EOF byte';
    super(
      `QEMU reports the migration as completed, but the state file is not whole: ${why}${stderr.trim() === '' ? '' : `\nQEMU's stderr: ${stderr.trim()}`}`,
    );
    this.name = 'IncompleteState';
    this.inspection = inspection;
  }
}
