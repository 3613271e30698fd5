// What a prediction says. Imports nothing.

/** `aborts`: ended by a signal. `hangs`: neither loads nor gives up. `unknown`: the bytes lead where nobody here can look. */
export type PredictedVerdict = 'loads' | 'rejected' | 'aborts' | 'hangs' | 'unknown';

/** What a destination will do with a stream. */
export interface Prediction {
  readonly verdict: PredictedVerdict;
  /** Lines on stderr as that version prints them: without the program's name, warnings left out. */
  readonly messages: readonly string[];
  /** Stream offset at which it gives up: the first byte that it has not read. */
  readonly offset: number | undefined;
  /** Where in the grammar, outermost first: `section 3 "ram"`, `block list`, `mem0`. */
  readonly path: readonly string[];
  /** In plain words; undefined when it loads. */
  readonly cause: string | undefined;
  /** What to do about it: a flag of the destination, or an edit of `mstream rewrite`. */
  readonly cure: string | undefined;
  /** What could not be known, one sentence each. Empty: the prediction rests on facts only. */
  readonly unknowns: readonly string[];
}
