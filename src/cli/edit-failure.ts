// An edit that cannot be done, as the command line says it.

import { EditError } from '../ops/rewrite/edit.js';
import { exitCode } from './exit-code.js';
import { Failure } from './failure.js';
import { UsageError } from './usage-error.js';

/** Our failure for an EditError; anything else comes back as it is. */
export function asEditFailure(error: unknown): unknown {
  if (!(error instanceof EditError)) return error;
  if (error.reason === 'contradiction') return new UsageError(error.message, error.hint);
  return new Failure(exitCode.findings, error.reason, error.message, error.hint);
}
