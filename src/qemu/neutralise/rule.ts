// The four outcomes for an option, and the shape of a rule.

import type { BlockNodes } from './block-nodes.js';

export interface RuleContext {
  readonly version: { readonly major: number; readonly minor: number };
  /** The private folder; QEMU makes unlinked files in it. */
  readonly temporaryFolder: string;
  /** Base of relative paths. */
  readonly cwd: string;
  readonly nodes: BlockNodes;
  /** An unused number. */
  next(): number;
}

export type Outcome =
  | { readonly kind: 'keep' }
  | { readonly kind: 'drop'; readonly why: string; readonly limits?: string }
  /** The words that replace the option, including the option itself. */
  | { readonly kind: 'replace'; readonly words: readonly string[]; readonly why: string; readonly limits?: string }
  | { readonly kind: 'refuse'; readonly why: string };

/** `option` is without dashes; `value` is empty for an option that takes none. */
export type Rule = (option: string, value: string, context: RuleContext) => Outcome;

export const kept: Outcome = { kind: 'keep' };

export const keep: Rule = () => kept;

export const drop =
  (why: string): Rule =>
  () => ({ kind: 'drop', why });

export const refuse =
  (why: string): Rule =>
  () => ({ kind: 'refuse', why });

export const becomes =
  (why: string, ...words: readonly string[]): Rule =>
  (option, value) =>
    words.length === 2 && `-${option}` === words[0] && value === words[1] ? kept : { kind: 'replace', words, why };
