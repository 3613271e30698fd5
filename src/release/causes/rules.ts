// Causes and cures that the values of a message decide: the device, the offset, the masks. Each rule is a row with its
// source; the first rule that holds replaces the causes and cures of the message's own row.

import type { MessageId } from '../messages/index.js';
import { pciRules } from './rules-pci.js';
import { virtioRules } from './rules-virtio.js';

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
  readonly cures: readonly string[];
  /** File and function of QEMU, or the commit, that makes it so. */
  readonly source: string;
}

const rules: readonly CauseRule[] = [...pciRules, ...virtioRules];

/** The rule that decides about this message; undefined: its own row stands. */
export function ruleFor(message: MessageId, facts: CauseFacts): CauseRule | undefined {
  return rules.find((rule) => rule.message === message && rule.when(facts));
}

/** For tests: every rule. */
export const causeRules: readonly CauseRule[] = rules;
