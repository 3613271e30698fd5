// Failures of the recipe that QEMU does not report. They have a separate file, so that a command can recognise them
// without loading the recipe.

import type { Inspection } from '../ops/inspect.js';

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
