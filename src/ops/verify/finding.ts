// What verify has to say, one thing at a time. The codes are a closed union, each with its explanation and cure in one
// of the tables beside this file (codes.ts puts them together).

import type { Cure } from '../../base/hint.js';

/**
 * `error`: no QEMU loads this, or one loads it into a broken guest. `warning`: it depends, and may be lost. `note`:
 * good to know.
 */
export type Severity = 'error' | 'warning' | 'note';

/** What is always true of a code. */
export interface CodeFacts {
  readonly severity: Severity;
  /** Why it matters, in plain words. */
  readonly explanation: string;
  /** What to do about it. */
  readonly cure: Cure;
  /** A QEMU loads it without a word, and the guest is broken. */
  readonly silent?: boolean;
}

/** What is true of this stream. Offsets are absolute, in bytes. */
export interface FindingDetails {
  /** What was found, in one line. */
  readonly text: string;
  readonly offset?: number | undefined;
  readonly path?: readonly string[] | undefined;
  /** Where it is less, or more, than usual. */
  readonly severity?: Severity;
  readonly cure?: Cure;
}

/** A table of codes. The function only fixes the type. */
export function codes<T extends string>(rows: Readonly<Record<T, CodeFacts>>): Readonly<Record<T, CodeFacts>> {
  return rows;
}
