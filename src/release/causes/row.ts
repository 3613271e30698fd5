// What an explanation is made of. The tables stand beside, by layer; each row belongs to a message of ops/messages,
// which names the function of QEMU that prints it.

import type { Cure } from '../../base/hint.js';
import type { MessageId } from '../messages/index.js';

export interface ExplanationRow {
  /** What happened, in plain words. `{name}` is a value of the message, or one that only a prediction knows. */
  readonly meaning: string;
  /** Most usual first. */
  readonly causes: readonly string[];
  /** Options of QEMU as they are typed, or hints. */
  readonly cures: readonly Cure[];
}

/** Explanations of some messages. The function only fixes the type. */
export function explanations<T extends MessageId>(
  rows: Readonly<Record<T, ExplanationRow>>,
): Readonly<Record<T, ExplanationRow>> {
  return rows;
}

export function row(meaning: string, causes: readonly string[], cures: readonly Cure[]): ExplanationRow {
  return { meaning, causes, cures };
}

/** The bytes make no sense, to no QEMU. */
export function damaged(meaning: string, ...causes: readonly string[]): ExplanationRow {
  return row(meaning, [DAMAGED, ...causes], [VERIFY, AGAIN]);
}

/** The bytes end before their end. */
export function cut(what: string): ExplanationRow {
  return row(`The stream ends inside ${what}.`, [CUT], [AGAIN]);
}

/** Said around another message. */
export function around(meaning: string, where = 'the line before (behind it since 10.2)'): ExplanationRow {
  return row(meaning, [], [`the reason is in ${where}`]);
}

export const DAMAGED = 'the stream is damaged';
export const CUT = 'the save was cancelled, the disk was full, or the copy was cut short';
export const EDITED = 'the stream was edited by hand';
export const MISSING = 'a device or memory backend is missing at the destination, or has another id';
export const OTHER_OPTIONS = 'options of the device differ';
export const HUGE_PAGES = 'hugepages on one side only';

/** Not for a prediction, which `verify` makes itself. */
export const VERIFY: Cure = { code: 'verify' };
export const AGAIN = 'save again from the source, or copy the file again: no edit helps';
export const SAME_ARGV =
  'start the destination with the same -machine, -m, -smp and devices as the source (plus -incoming)';
export const SAME_OPTIONS = 'the same machine type, and the same options of that device, on both sides';
export const SAME_BACKEND = 'the same kind of memory backend on both sides';
export const EDIT_DEVICE: Cure = { code: 'edit-device' };
export const TRANSPLANT: Cure = { code: 'transplant' };
export const LIVE_ONLY = 'a postcopy stream belongs between two live QEMUs: save without postcopy-ram';
