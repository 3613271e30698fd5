// The ways in which the recipe fails that are not QEMU's: apart from the rest, so that a command can tell them without
// loading it. Imports types of ops.

import type { Inspection } from '../ops/inspect.js';

/** A command line, or a wish, that cannot become a template. */
export class WillNotClone extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'WillNotClone';
    this.hint = hint;
  }
}

/** A folder that is no template: no manifest, or one of another kind. */
export class NoTemplate extends Error {
  constructor(folder: string, why: string) {
    super(`${folder} is no template: ${why}`);
    this.name = 'NoTemplate';
  }
}

/** The state file that QEMU says it wrote is not a whole stream. */
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
