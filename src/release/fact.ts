// What a row of this folder's tables is: a thing that some releases of QEMU have, with the source of the statement.

import { atLeast, inRange, release, releases, type QemuVersion, type ReleaseRange } from './version.js';

/** A release, written as in `7.2`. */
export type ReleaseText = `${number}.${number}`;

export interface Fact {
  /** The first release that has it. Absent: as old as the tables reach (2.11). */
  readonly since?: ReleaseText;
  /** The last release that has it. Absent: the newest release has it. */
  readonly until?: ReleaseText;
  /** Where the first release is not known: the last one known to lack it ('': none), the first one known to have it. */
  readonly between?: readonly [lacks: ReleaseText | '', has: ReleaseText];
  /** Where the last release is not known: the last one known to have it, the first one known to lack it. */
  readonly dropped?: readonly [has: ReleaseText, lacks: ReleaseText];
  /** File and function of QEMU, its commit, or what was run. `inferred: …` where a rule of QEMU's says so. */
  readonly source: string;
}

export type FactTable = Readonly<Record<string, Fact>>;

/** A table of facts by name. The function only fixes the type. */
export function facts<T extends string>(rows: Readonly<Record<T, Fact>>): Readonly<Record<T, Fact>> {
  return rows;
}

/** Releases that are known to have it. */
export function provenRange({ since, until, between, dropped }: Fact): ReleaseRange {
  const first = since ?? between?.[1];
  const last = until ?? dropped?.[0];
  return {
    since: first === undefined ? undefined : release(first),
    until: last === undefined ? undefined : release(last),
  };
}

/** Releases that may have it: none outside of this range has it. */
function possibleRange({ since, until, between, dropped }: Fact): ReleaseRange {
  return {
    since: since === undefined ? after(between?.[0]) : release(since),
    until: until === undefined ? before(dropped?.[1]) : release(until),
  };
}

/** Does that release have it? Undefined: it lies between a release that has it and one that lacks it. */
export function hasFact(fact: Fact, version: QemuVersion): boolean | undefined {
  if (inRange(version, provenRange(fact))) return true;
  const { between, dropped } = fact;
  if (between !== undefined && !atLeast(version, release(between[1])))
    return between[0] !== '' && atLeast(release(between[0]), version) ? false : undefined;
  if (dropped !== undefined && atLeast(version, release(dropped[0])))
    return atLeast(version, release(dropped[1])) ? false : undefined;
  return false;
}

/** The same question about a release that lies in `range`. Undefined: it depends on the release. */
export function rangeHasFact({ since, until }: ReleaseRange, fact: Fact): boolean | undefined {
  const proven = provenRange(fact);
  const possible = possibleRange(fact);
  if (until !== undefined && possible.since !== undefined && !atLeast(until, possible.since)) return false;
  if (since !== undefined && possible.until !== undefined && !atLeast(possible.until, since)) return false;
  const fromStart = proven.since === undefined || (since !== undefined && atLeast(since, proven.since));
  const toEnd = proven.until === undefined || (until !== undefined && atLeast(proven.until, until));
  return fromStart && toEnd ? true : undefined;
}

function after(text: ReleaseText | '' | undefined): QemuVersion | undefined {
  if (text === undefined || text === '') return undefined;
  return releases.find((candidate) => !atLeast(release(text), candidate));
}

function before(text: ReleaseText | undefined): QemuVersion | undefined {
  if (text === undefined) return undefined;
  return releases.findLast((candidate) => !atLeast(candidate, release(text)));
}
