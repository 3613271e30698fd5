// What a row of the agreement suite is: a capture, a change of its bytes, a destination. One row is one named case on
// every release that has the capture. Imports types only.

import type { Anatomy } from './anatomy.js';
import type { Patch } from './patch.js';

export const releases = ['5.2', '7.2', '10.0', '11.1'] as const;
export type Release = (typeof releases)[number];

/** What the rows are about, as the table prints it. Each must show an accepted and a rejected case. */
export const rules = {
  unmodified: 'captures as they are',
  header: 'magic and version',
  configuration: 'the configuration section and its encoding',
  machine: 'machine name',
  'page-bits': 'target page bits',
  capabilities: 'capability list against local capabilities',
  uuid: 'uuid',
  sections: 'section types, ids, names, instances',
  versions: 'section and subsection versions',
  footers: 'footers, and destinations without them',
  commands: 'commands of each kind',
  'block-list': 'names, lengths, sums of the block list',
  'ignore-shared': 'x-ignore-shared: addresses, backends, dialects',
  pages: 'page records: flags, addresses, fill bytes, CONTINUE, EOS',
  'mapped-ram': 'headers, bitmaps and pages of mapped-ram',
  truncation: 'ends before the end',
  monitor: 'capabilities that the monitor takes or refuses',
  fields: 'device fields that are checked',
  subsections: 'subsections unknown, missing, renamed',
  globalstate: 'run state',
  virtio: 'features, queues, PCI configuration',
  tail: 'end of file, vmdescription, trailing bytes',
  destination: 'another command line at the destination',
  crossing: 'from one release to another',
} as const;

export type Rule = keyof typeof rules;

export interface Destination {
  /** The command line of the capture, changed. */
  readonly argv?: (argv: readonly string[]) => readonly string[];
  /** Instead of those of the capture. */
  readonly capabilities?: Readonly<Record<string, boolean>>;
  /** Instead of that of the capture. */
  readonly transport?: 'exec' | 'file';
}

export interface Row {
  readonly rule: Rule;
  /** Unique in its rule. */
  readonly name: string;
  /** A scenario: of test/e2e/capture, or of captures.ts. */
  readonly base: string;
  readonly releases?: readonly Release[];
  /** Which release made the capture; by default that of the destination. `4.0.0` and `4.1.0` are fixtures. */
  readonly from?: readonly (Release | '4.0.0' | '4.1.0')[];
  readonly mutate?: (a: Anatomy) => readonly Patch[];
  readonly on?: Destination;
}

/** Rows of one rule. */
export function rowsOf(
  rule: Rule,
  base: string,
  rows: Readonly<Record<string, Omit<Row, 'rule' | 'name' | 'base'> & { readonly base?: string }>>,
): Row[] {
  return Object.entries(rows).map(([name, row]) => ({ rule, name, base, ...row }));
}

// Command lines.

/** Drops an option with its value (the first that matches). */
export const without =
  (option: string, value?: RegExp) =>
  (argv: readonly string[]): string[] => {
    const index = argv.findIndex(
      (word, i) => word === option && (value === undefined || value.test(argv[i + 1] ?? '')),
    );
    return index === -1 ? [...argv] : [...argv.slice(0, index), ...argv.slice(index + 2)];
  };

export const adding =
  (...words: readonly string[]) =>
  (argv: readonly string[]): string[] => [...argv, ...words];

/** Rewrites the value of each such option. */
export const changing =
  (option: string, change: (value: string) => string) =>
  (argv: readonly string[]): string[] =>
    argv.map((word, i) => (argv[i - 1] === option ? change(word) : word));

export const both =
  (...changes: readonly ((argv: readonly string[]) => readonly string[])[]) =>
  (argv: readonly string[]): readonly string[] =>
    changes.reduce((words, change) => change(words), argv);

/** The machine type, its properties kept. */
export const machine = (type: string): ((argv: readonly string[]) => string[]) =>
  changing('-M', (value) => [type, ...value.split(',').slice(1)].join(','));

export const machineOption = (option: string): ((argv: readonly string[]) => string[]) =>
  changing('-M', (value) => `${value},${option}`);
