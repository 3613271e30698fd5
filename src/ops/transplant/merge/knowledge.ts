// Which subsections a destination loads: what its donor wrote, what its `-dump-vmstate` lists, and for the tables that
// the dump leaves out (the CPU, what virtio writes by hand) when QEMU learned them.

import type { VmsdSchema } from '../../../vmstate/index.js';
import type { Architecture } from '../../../release/architecture.js';
import { knowsSubsection } from '../../../release/subsections.js';
import { compareVersions, type QemuVersion } from '../../../release/version.js';
import type { VmstateTables } from '../../../destination/vmstate-tables.js';

/** unsure: nothing at hand says; a destination that does not know it says so when it loads. */
export type Verdict = 'known' | 'unknown' | 'unsure';

/** Releases between which a stream's producer lies. */
export interface Releases {
  readonly since: QemuVersion | undefined;
  readonly until: QemuVersion | undefined;
}

export class Knowledge {
  private readonly tables: VmstateTables | undefined;
  private readonly destination: Releases;
  private readonly architecture: Architecture | undefined;
  private readonly downward: boolean;

  /** `architecture`: of source and destination; undefined: not known. */
  constructor(
    tables: VmstateTables | undefined,
    source: Releases,
    destination: Releases,
    architecture: Architecture | undefined,
  ) {
    this.architecture = architecture;
    this.tables = tables;
    this.destination = destination;
    this.downward =
      destination.until !== undefined &&
      source.since !== undefined &&
      compareVersions(destination.until, source.since) < 0;
  }

  /** `part`: the source's, of a table that the destination calls `table`; the donor did not write it. */
  subsection(table: string, part: VmsdSchema): Verdict {
    // QEMU tells a subsection from what follows by this.
    if (!part.name.startsWith(table) || part.name.length === table.length) return 'unknown';
    const known = this.tables?.named(table);
    if (known !== undefined) {
      const version = known.subsections.get(part.name);
      return version !== undefined && version >= part.version ? 'known' : 'unknown';
    }
    const inRelease = knowsSubsection(this.architecture, this.destination, part.name);
    if (inRelease !== undefined) return inRelease ? 'known' : 'unknown';
    if (this.tables !== undefined) return 'unsure';
    // A later release goes on reading what earlier ones wrote.
    return this.downward ? 'unknown' : 'unsure';
  }

  /** Does the destination have that field in that table, written or not? */
  field(table: string, name: string): boolean {
    return this.tables?.named(table)?.fields.has(name) === true;
  }
}
