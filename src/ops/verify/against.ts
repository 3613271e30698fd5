// Prediction and truth of one destination: what it must have switched on for a stream, and whether a trial said what
// was predicted. What a trial is, qemu/try-load.ts knows; here only what it tells.

import { capabilitiesOf, type Configuration } from '../../wire/configuration.js';
import type { Prediction } from '../../loader/index.js';

/** What a destination must have switched on and off for this stream: QEMU compares these two. */
export function capabilitiesFor(configuration: Configuration | undefined): Readonly<Record<string, boolean>> {
  const listed = capabilitiesOf(configuration) ?? [];
  return {
    'x-ignore-shared': listed.includes('x-ignore-shared'),
    ...(listed.includes('mapped-ram') ? { 'mapped-ram': true } : {}),
  };
}

/** What happened when a real QEMU was given the stream. */
export interface TrialResult {
  readonly verdict: 'loads' | 'rejected' | 'died' | 'hung';
  /** Its words, without the program's name and warnings. */
  readonly lines: readonly string[];
  readonly runState: string | null;
}

/** `text`: the verdict is the same, the words are not. Undefined: nothing was predicted that could be compared. */
export function agreement(
  { verdict, messages }: Prediction,
  trial: TrialResult,
): 'same' | 'text' | 'verdict' | undefined {
  if (verdict === 'unknown') return undefined;
  const real = { loads: 'loads', rejected: 'rejected', died: 'aborts', hung: 'hangs' }[trial.verdict];
  if (real !== verdict) return 'verdict';
  return verdict === 'rejected' && messages.join('\n') !== trial.lines.join('\n') ? 'text' : 'same';
}
