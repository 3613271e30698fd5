// What an explanation is made of. The tables stand beside, by layer; each row belongs to a message of ops/messages,
// which names the function of QEMU that prints it. May import ops/messages.

import type { MessageId } from '../messages/index.js';

export interface ExplanationRow {
  /** What happened, in plain words. `{name}` is a value of the message. */
  readonly meaning: string;
  /** Most usual first. */
  readonly causes: readonly string[];
  /** Options of QEMU's, or edits of `mstream rewrite`. */
  readonly cures: readonly string[];
}

/** Explanations of some messages. The function only fixes the type. */
export function explanations<T extends MessageId>(rows: Readonly<Record<T, ExplanationRow>>): Readonly<Record<T, ExplanationRow>> {
  return rows;
}

export function row(meaning: string, causes: readonly string[], cures: readonly string[]): ExplanationRow {
  return { meaning, causes, cures };
}

export const DAMAGED = 'the stream is damaged or was cut: `mstream verify STATE` says where';
export const EDITED = 'the stream was edited by hand';
export const AGAIN = 'save again from the source';
export const SAME_ARGV = 'start the destination with the same -machine, -m, -smp and devices as the source (plus -incoming)';
