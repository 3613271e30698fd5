// What a rule about causes is: see rules.ts.

import type { Cure } from '../../base/hint.js';
import type { MessageId } from '../messages/index.js';

/** What is known beside the message. */
export interface CauseFacts {
  /** Values of the message, as they stand in the text, digits without 0x. */
  readonly values: Readonly<Record<string, string>>;
  /** idstr of the device that failed, where another line names it. */
  readonly device: string | undefined;
  /** The stream leaves shared memory out (x-ignore-shared); undefined: no stream is at hand. */
  readonly shared: boolean | undefined;
}

export interface CauseRule {
  readonly message: MessageId;
  readonly when: (facts: CauseFacts) => boolean;
  readonly causes: readonly string[];
  readonly cures: readonly Cure[];
  /** File and function of QEMU, or the commit, that makes it so. */
  readonly source: string;
}
