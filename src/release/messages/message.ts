// What a row of the message tables is: one thing that QEMU says while it loads a stream, in every wording that it ever
// had. The rows stand beside, by layer.

import { release, type QemuVersion } from '../version.js';
import type { Errno } from './errno.js';

/** One wording, and the releases that have it. */
export interface Wording {
  /** First release; left out: as old as the tables reach (2.11). */
  readonly since?: QemuVersion;
  /** Last release; left out: up to the newest known (11.1). */
  readonly until?: QemuVersion;
  /**
   * The text without the program's name. Placeholders: `{name}` a string to the end or the next literal, `{name:w}` a
   * word, `{name:d}` a decimal, `{name:x}` hexadecimal digits, `{name:#x}` the same with 0x (0 prints as "0"),
   * `{name:032x}` padded with zeros, `{name:o}` a word or nothing.
   */
  readonly text: string;
  /**
   * `line`: QEMU prints it by itself when it happens. `link`: it becomes part of the one line at the end
   * ("load of migration failed: …: link: link", 10.2 and later).
   */
  readonly as?: 'line' | 'link';
  /** Where the errno of this wording differs from the row's. */
  readonly errno?: Errno;
}

/** How a message goes together with the end of the load. */
export type MessageEffect =
  /** The load fails with it. */
  | 'fatal'
  /** The load goes on. */
  | 'non-fatal'
  /** Printed around another failure: which section, which field. */
  | 'context';

export interface MessageRow {
  readonly texts: readonly Wording[];
  readonly effect: MessageEffect;
  /** Of the last line, when the load fails with this. */
  readonly errno?: Errno;
  /** Only the QEMU of this distribution says it; left out: every QEMU. */
  readonly distribution?: string;
  /** Only QEMUs of this target say it: `ppc64`; left out: all. */
  readonly target?: string;
  /** File and function of QEMU that print it. */
  readonly source: string;
}

/** A table of rows by id. The function only fixes the type. */
export function messages<T extends string>(rows: Readonly<Record<T, MessageRow>>): Readonly<Record<T, MessageRow>> {
  return rows;
}

/** A wording of all releases. */
export function always(text: string, more: Omit<Wording, 'text'> = {}): readonly Wording[] {
  return [{ text, ...more }];
}

/** The wording up to 10.1, each a line of its own; from 10.2 on a link of the chain, reworded where `later` says so. */
export function chained(text: string, later: string = text, more: Pick<Wording, 'since'> = {}): readonly Wording[] {
  return [
    { text, until: release('10.1'), ...more },
    { text: later, since: release('10.2'), as: 'link' },
  ];
}

/** Of what reads one value: such functions joined the chain a release after their callers. */
export function chainedByType(text: string, more: Pick<Wording, 'since'> = {}): readonly Wording[] {
  return [
    { text, until: release('10.2'), ...more },
    { text, since: release('11.0'), as: 'link' },
  ];
}
