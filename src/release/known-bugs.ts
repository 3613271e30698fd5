// Known bugs and unannounced changes of QEMU that break a load: what people meet, in which releases, and what helps. Each
// row was looked up in QEMU's history; `source` names the commit or the compat table that tells it. Rows are found by QEMU's
// words; where a stream and a destination meet a row's conditions, verify names it before anything is tried.

import { deviceBugs } from './known-bugs-devices.js';
import { featureBugs } from './known-bugs-features.js';
import { streamBugs } from './known-bugs-stream.js';
import type { QemuVersion } from './version.js';

/** What the conditions of a row may ask of a stream. */
export interface BugStream {
  /** Of the configuration section: `pc-q35-7.2`; empty where there is none. */
  readonly machine: string;
  /** The release in the name of the machine type. */
  readonly machineVersion: QemuVersion | undefined;
  /** Last words of the idstrs, in order: `virtio-net`; one for each section. */
  readonly devices: readonly string[];
  /** idstr and instance of each section. */
  readonly sections: readonly string[];
  readonly commands: readonly string[];
  readonly capabilities: readonly string[];
  /** Name of the layout of the block list. */
  readonly layout: string | undefined;
  /** Releases that may have written it. */
  readonly since: QemuVersion | undefined;
  readonly until: QemuVersion | undefined;
}

export interface KnownBug {
  readonly id: string;
  /** What happens, in one sentence. */
  readonly what: string;
  /** Releases that it is about, as people say them. */
  readonly releases: string;
  readonly cure: string;
  /** Commit or file of QEMU. */
  readonly source: string;
}

export interface KnownBugRow extends KnownBug {
  /** Do these words of QEMU tell the bug? `device`: idstr that another line names. */
  readonly says?: (words: string, device: string) => boolean;
  /** Does it strike when this stream goes to that release? */
  readonly meets?: (stream: BugStream, destination: QemuVersion) => boolean;
}

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
