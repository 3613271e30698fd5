// Options that several commands share, and the values that they take. Every number is declared as a string and parsed
// here, since yargs would rewrite it.

import { layoutAliases, layouts } from '../wire/dialect.js';
import type { Span } from '../base/span.js';
import { choice, text, type ValuesOf } from './option.js';
import { UsageError } from './usage-error.js';

/** The positional of a command that reads one stream. */
export const STATE = 'A saved VM: a stream, a file that contains one, or - for stdin';

/** How to get to the stream inside of its container. */
export const containerOptions = {
  snapshot: text('qcow2: tag or id of the snapshot that holds the state (FILE#TAG says the same)'),
  member: text('tar: name of the member that is the state'),
  offset: text('Where the stream begins in the file, e.g. 1M'),
  spool: text('A folder for a temporary copy, where a pipe or compressed data must be read in any order'),
};
export type ContainerOptions = ValuesOf<typeof containerOptions>;

/** The same, parsed. */
export interface ContainerChoices {
  readonly snapshot?: string | undefined;
  readonly member?: string | undefined;
  /** Bytes. */
  readonly offset?: number | undefined;
  /** A folder. */
  readonly spool?: string | undefined;
}

/** @throws UsageError */
export function containerChoices(options: ContainerOptions): ContainerChoices {
  const offset = single('offset', options.offset);
  return {
    snapshot: single('snapshot', options.snapshot),
    member: single('member', options.member),
    offset: offset === undefined ? undefined : byteCount('offset', offset),
    spool: single('spool', options.spool),
  };
}

/** What a stream cannot say of itself. */
export const readingOptions = {
  ...containerOptions,
  dialect: choice(
    [...Object.keys(layoutAliases), ...Object.keys(layouts)],
    'The layout of the block list; by default mstream infers it',
  ),
  pageSize: text('Target page size, e.g. 4096 or 64K; by default mstream infers it'),
  footers: choice(['on', 'off'], 'Whether sections end with footers; by default mstream infers it'),
};
export type ReadingOptions = ValuesOf<typeof readingOptions>;

/** For openStream. @throws UsageError */
export function streamOptions(options: ReadingOptions): Omit<ReturnType<typeof openOptions>, 'containers'> {
  const { containers: _, ...reading } = openOptions(options);
  return reading;
}

/** For openState. @throws UsageError */
export function openOptions(options: ReadingOptions): {
  dialect: string | undefined;
  targetPageSize: number | undefined;
  footers: boolean | undefined;
  containers: ContainerChoices;
} {
  return {
    dialect: single('dialect', options.dialect),
    targetPageSize: options.pageSize === undefined ? undefined : pageSize(single('page-size', options.pageSize)!),
    containers: containerChoices(options),
    footers: options.footers === undefined ? undefined : single('footers', options.footers) === 'on',
  };
}

/** yargs makes an array of an option that is given twice. @throws UsageError */
export function single(name: string, value: string | undefined): string | undefined {
  if (Array.isArray(value)) throw new UsageError(`--${name} is given ${value.length} times`);
  return value;
}

const suffixes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** 4096, 0x1000, 64K, 4KiB, 2M. @throws UsageError */
export function byteCount(name: string, text: string): number {
  const match = /^(0x[0-9a-f]+|\d+)([kmgt]?)(?:i?b)?$/i.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]) * suffixes[match[2]!.toLowerCase()]!;
  if (!Number.isSafeInteger(value))
    throw new UsageError(`--${name} ${text}: not a number of bytes`, 'e.g. 4096, 0x1000, 64K, 2MiB');
  return value;
}

function pageSize(text: string): number {
  const value = byteCount('page-size', text);
  if (value < 1024 || value > 65536 || !Number.isInteger(Math.log2(value))) {
    throw new UsageError(`--page-size ${text}: not a power of two from 1K to 64K`);
  }
  return value;
}

/** START-END or START+LENGTH, in hex with or without 0x. @throws UsageError */
export function spanOption(name: string, text: string): Span {
  const match = /^(?:0x)?([0-9a-f]+)([-+])(?:0x)?([0-9a-f]+)$/i.exec(text);
  const start = match === null ? Number.NaN : Number.parseInt(match[1]!, 16);
  const second = match === null ? Number.NaN : Number.parseInt(match[3]!, 16);
  const end = match?.[2] === '+' ? start + second : second;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || end <= start) {
    throw new UsageError(
      `--${name} ${text}: not a span`,
      'START-END or START+LENGTH in hex, e.g. 0x54a0-0x5500 or 54a0+60',
    );
  }
  return { start, end };
}
