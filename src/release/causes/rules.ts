// Causes and cures that the values of a message decide: the device, the offset, the masks. Each rule is a row with its
// source; the first rule that holds replaces the causes and cures of the message's own row.

import type { MessageId } from '../messages/index.js';
import { pciRules } from './rules-pci.js';
import { virtioRules } from './rules-virtio.js';
import type { CauseFacts, CauseRule } from './rule.js';

const rules: readonly CauseRule[] = [...pciRules, ...virtioRules];

/** The rule that decides about this message; undefined: its own row stands. */
export function ruleFor(message: MessageId, facts: CauseFacts): CauseRule | undefined {
  return rules.find((rule) => rule.message === message && rule.when(facts));
}
