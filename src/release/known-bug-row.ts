// What a row of the table of known bugs is: see known-bugs.ts.

import type { Cure } from '../base/hint.js';
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
  readonly cure: Cure;
  /** Commit or file of QEMU. */
  readonly source: string;
}

export interface KnownBugRow extends KnownBug {
  /** Do these words of QEMU tell the bug? `device`: idstr that another line names. */
  readonly says?: (words: string, device: string) => boolean;
  /** Does it strike when this stream goes to that release? */
  readonly meets?: (stream: BugStream, destination: QemuVersion) => boolean;
}
