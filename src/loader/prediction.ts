// What a prediction says.

import type { EndingId } from '../release/causes/rows.js';
import type { ExplanationRow } from '../release/causes/row.js';

/**
 * `aborts`: ended by a signal. `hangs`: neither loads nor gives up. `unknown`: the bytes lead where nobody here can
 * look.
 */
export type PredictedVerdict = 'loads' | 'rejected' | 'aborts' | 'hangs' | 'unknown';

/** Why a load ends, in plain words, and what helps: the row that `mstream explain` has for it. */
export interface EndingExplanation extends ExplanationRow {
  /** Of QEMU's message, or of an ending without one. */
  readonly id: EndingId;
  /** File and function of QEMU. */
  readonly source: string;
}

/** What a destination will do with a stream. */
export interface Prediction {
  readonly verdict: PredictedVerdict;
  /**
   * Lines on stderr as that version prints them: without the program's name, warnings left out. For capabilities that
   * it does not take: the monitor's error.
   */
  readonly messages: readonly string[];
  /** Stream offset at which it gives up: the first byte that it has not read. */
  readonly offset: number | undefined;
  /** Where in the grammar, outermost first: `section 3 "ram"`, `block list`, `mem0`. */
  readonly path: readonly string[];
  /** Undefined when it loads. */
  readonly explanation: EndingExplanation | undefined;
  /** What could not be known, one sentence each. Empty: the prediction rests on facts only. */
  readonly unknowns: readonly string[];
}
