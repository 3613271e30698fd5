// Known bugs and unannounced changes of QEMU that break a load: what people meet, in which releases, and what helps.
// Each row was looked up in QEMU's history; `source` names the commit or the compat table that tells it. Rows are found
// by QEMU's words; where a stream and a destination meet a row's conditions, verify names it before anything is tried.

import { deviceBugs } from './known-bugs-devices.js';
import { featureBugs } from './known-bugs-features.js';
import { streamBugs } from './known-bugs-stream.js';
import type { BugStream, KnownBug, KnownBugRow } from './known-bug-row.js';
import type { QemuVersion } from './version.js';

/** Every row. */
export const knownBugs: readonly KnownBugRow[] = [...streamBugs, ...featureBugs, ...deviceBugs];

/** The bugs that are told by `words` of QEMU about `device` (idstr, where it is known). */
export function bugsByWords(words: string, device = ''): KnownBug[] {
  return knownBugs.filter(({ says }) => says?.(words, device) === true).map(plain);
}

/** The bugs that strike when `stream` goes to the release `destination`. */
export function bugsOnTheWay(stream: BugStream, destination: QemuVersion): KnownBug[] {
  return knownBugs.filter(({ meets }) => meets?.(stream, destination) === true).map(plain);
}

function plain({ id, what, releases, cure, source }: KnownBugRow): KnownBug {
  return { id, what, releases, cure, source };
}
