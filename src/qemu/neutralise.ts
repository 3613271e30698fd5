// Makes the user's command line harmless. Migration sees the same machine, but the machine has private memory and no
// disks, peers, windows or files. A QEMU that is started only to answer questions must change nothing, and reset writes
// guest memory even with -S. Every change is a value. An option that cannot be made harmless is refused by name.

import { Refused } from '../base/refused.js';
import { shellQuote } from '../base/shell.js';
import type { NeutralisedOption } from '../destination/destination.js';
import { NEWEST } from '../release/version.js';
import type { QemuBinary } from './binary.js';
import { shortDriveRule } from './neutralise/block.js';
import { blockNodesOf } from './neutralise/block-nodes.js';
import { optionRules } from './neutralise/options.js';
import type { Outcome, RuleContext } from './neutralise/rule.js';

export interface NeutraliseOptions {
  /** Release of the QEMU that will be started; default: a current release. */
  readonly version?: { readonly major: number; readonly minor: number };
  /** A private folder that exists and outlives that QEMU. */
  readonly temporaryFolder: string;
  /** Base of relative paths; default: the working folder of this process. */
  readonly cwd?: string | undefined;
}

export interface Refusal {
  /** The option with its dash and its value, quoted for a shell. */
  readonly option: string;
  readonly why: string;
}

export interface Neutralised {
  readonly argv: readonly string[];
  readonly changes: readonly NeutralisedOption[];
  /** When it is not empty, the argv must not be started. */
  readonly refused: readonly Refusal[];
}

/** QEMU's hub ports need numbers; small numbers are left to the user. */
const FIRST_NUMBER = 4096;

/** Changes QEMU's options (without the executable). It reads the sizes of images, and starts nothing. */
export function neutralise(argv: readonly string[], options: NeutraliseOptions): Neutralised {
  let number = FIRST_NUMBER;
  const { version = NEWEST, temporaryFolder, cwd = process.cwd() } = options;
  const context: RuleContext = { version, temporaryFolder, cwd, nodes: blockNodesOf(argv), next: () => number++ };
  const next: string[] = [];
  const changes: NeutralisedOption[] = [];
  const refused: Refusal[] = [];

  const enter = (words: readonly string[], outcome: Outcome): void => {
    const [option = '', before = ''] = words[0]?.startsWith('-') === true ? words : ['', ...words];
    if (outcome.kind === 'keep') next.push(...words);
    else if (outcome.kind === 'refuse') refused.push({ option: shellQuote(words), why: outcome.why });
    else {
      const limits = outcome.limits === undefined ? {} : { limits: outcome.limits };
      changes.push({
        option,
        before,
        after: outcome.kind === 'drop' ? null : shellQuote(outcome.words),
        why: outcome.why,
        ...limits,
      });
      if (outcome.kind === 'replace') next.push(...outcome.words);
    }
  };

  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i]!;
    const name = /^--?(.+)$/.exec(word)?.[1];
    if (name === undefined) {
      enter([word], shortDriveRule('', word, context));
      continue;
    }
    const known = optionRules.get(name);
    if (known === undefined) {
      // Whether a value follows an unknown option cannot be known: nothing is started anyway.
      refused.push({ option: word, why: 'mstream does not know this option' });
      if (argv[i + 1]?.startsWith('-') === false) i += 1;
      continue;
    }
    const words = known.value ? [word, argv[i + 1] ?? ''] : [word];
    if (known.value) i += 1;
    enter(
      words,
      i < argv.length ? known.rule(name, words[1] ?? '', context) : { kind: 'refuse', why: 'its value is missing' },
    );
  }
  return { argv: next, changes, refused };
}

/** The same, but an argv with refused options throws. @throws Refused */
export function neutralArgv(argv: readonly string[], options: NeutraliseOptions): Omit<Neutralised, 'refused'> {
  const { refused, ...neutral } = neutralise(argv, options);
  if (refused.length > 0)
    throw new Refused(
      'refused',
      `this QEMU is not started, since it could not be kept from changing something: ${refused.map(({ option, why }) => `${option}: ${why}`).join('; ')}`,
      { code: 'neutral-options' },
    );
  return neutral;
}

/** The binary in an environment that keeps its files in our folder and makes no sound. */
export function neutralBinary(binary: QemuBinary, temporaryFolder: string): QemuBinary {
  return { ...binary, env: { ...binary.env, TMPDIR: temporaryFolder, QEMU_AUDIO_DRV: 'none' } };
}
