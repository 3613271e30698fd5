// Which QEMU can have written this? Every clue is a fact about versions with its evidence; together they narrow a
// range. For reports only: reading never depends on it. Facts: docs/format.md "Fingerprints".

import { compareVersions, type QemuVersion } from '../release/version.js';
import { unlessBroken } from '../base/errors.js';
import { parseSchema, type DescriptionSchema, type VmsdSchema } from '../vmstate/index.js';
import type { StreamEvent } from '../stream/event.js';
import { ramFlag } from '../wire/ram-flags.js';
import { pageKind } from '../ram/page-runs.js';
import { migCommand } from '../wire/command.js';

export interface Clue {
  /** What was seen. */
  readonly seen: string;
  /** First release that writes it. */
  readonly since?: QemuVersion;
  /** Last release that writes it. */
  readonly until?: QemuVersion;
}

export interface Producer {
  readonly since: QemuVersion | undefined;
  readonly until: QemuVersion | undefined;
  /** True when clues exclude each other: an edited stream, a fork, or a backport. */
  readonly contradictory: boolean;
  readonly clues: readonly Clue[];
}

const v = (major: number, minor: number): QemuVersion => ({ major, minor });

/** Collects clues from events; ask `producer` at the end. */
export class ProducerClues {
  private readonly clues = new Map<string, Clue>();

  observe(event: StreamEvent): void {
    switch (event.kind) {
      case 'configuration':
        this.configuration(event.configuration);
        return;
      case 'ram-blocks':
        this.layout(event.layout.name);
        return;
      case 'ram-mark':
        if (event.mark === 'multifd-flush') this.add({ seen: 'MULTIFD_FLUSH records', since: v(8, 1) });
        return;
      case 'pages':
        if (event.runs.kind.subarray(0, event.runs.count).includes(pageKind.compressed)) {
          this.add({
            seen: `COMPRESS_PAGE records (0x${ramFlag.compressPage.toString(16)})`,
            since: v(2, 4),
            until: v(9, 0),
          });
        }
        return;
      case 'command':
        if (event.command === migCommand.switchoverStart)
          this.add({ seen: 'command SWITCHOVER_START', since: v(10, 0) });
        else this.add({ seen: 'commands', since: v(2, 5) });
        return;
      case 'section-close':
        if (event.footer) this.add({ seen: 'section footers', since: v(2, 4) });
        return;
      case 'section-open':
        if (event.section.idstr === 'dirty-bitmap') this.add({ seen: 'dirty-bitmap sections', since: v(2, 12) });
        if (event.section.idstr === 'block') this.add({ seen: 'block migration sections', until: v(9, 0) });
        return;
      case 'vmdescription':
        this.add({ seen: 'vmdescription', since: v(2, 3) });
        this.description(unlessBroken(() => parseSchema(event.json)));
        return;
      default:
    }
  }

  get producer(): Producer {
    const clues = [...this.clues.values()];
    const best = (pick: (clue: Clue) => QemuVersion | undefined, sign: number): QemuVersion | undefined =>
      clues
        .map(pick)
        .filter((version) => version !== undefined)
        .sort((a, b) => sign * compareVersions(a, b))[0];
    const since = best((clue) => clue.since, -1);
    const until = best((clue) => clue.until, 1);
    const contradictory = since !== undefined && until !== undefined && compareVersions(since, until) > 0;
    // Only what narrows is worth telling.
    const narrows = (clue: Clue): boolean =>
      (since !== undefined && clue.since === since) || (until !== undefined && clue.until === until);
    const telling = contradictory ? clues : clues.filter(narrows);
    return { since, until, contradictory, clues: telling };
  }

  private add(clue: Clue): void {
    this.clues.set(clue.seen, clue);
  }

  private configuration(configuration: Extract<StreamEvent, { kind: 'configuration' }>['configuration']): void {
    this.add({ seen: 'configuration section', since: v(2, 4) });
    const machine = /-(\d+)\.(\d+)(?:\.\d+)?$/.exec(configuration.machine);
    if (machine !== null)
      this.add({ seen: `machine type ${machine[1]}.${machine[2]}`, since: v(Number(machine[1]), Number(machine[2])) });
    for (const part of configuration.subsections) {
      if (part.kind === 'target-page-bits') this.add({ seen: 'configuration/target-page-bits', since: v(2, 8) });
      if (part.kind === 'uuid') this.add({ seen: 'configuration/uuid', since: v(4, 2) });
      if (part.kind !== 'capabilities') continue;
      this.add({ seen: 'configuration/capabilities', since: v(4, 0) });
      if (part.names.includes('mapped-ram')) this.add({ seen: 'capability mapped-ram', since: v(9, 0) });
    }
  }

  private layout(name: string): void {
    if (name === 'ignore-shared-4.0')
      this.add({ seen: 'an ignored byte in each block list entry', since: v(4, 0), until: v(4, 0) });
    if (name === 'ignore-shared-4.1')
      this.add({ seen: 'block list entries with address and without ignored byte', since: v(4, 1) });
    if (name === 'postcopy') this.add({ seen: 'page sizes in the block list', since: v(2, 9) });
  }

  private description(description: DescriptionSchema | undefined): void {
    if (description === undefined) return;
    const { spacedColons, configuration, devices } = description;
    if (spacedColons) this.add({ seen: 'vmdescription spaced like " : "', until: v(5, 2) });
    else this.add({ seen: 'vmdescription spaced like ": "', since: v(6, 0) });
    if (configuration !== undefined) this.add({ seen: 'vmdescription begins with "configuration"', since: v(8, 2) });
    else this.add({ seen: 'vmdescription begins with "page_size"', until: v(8, 1) });
    for (const { vmsd } of devices) this.table(vmsd);
  }

  private table({ fields, subsections }: VmsdSchema): void {
    for (const { name, type, index, struct, inline } of fields) {
      if (name === 'has_vm_was_suspended') this.add({ seen: 'globalstate with vm_was_suspended', since: v(9, 0) });
      if (type === 'nullptr') this.add({ seen: 'type nullptr in the vmdescription', since: v(10, 0), until: v(10, 2) });
      if (type === 'ptr-marker') this.add({ seen: 'type ptr-marker in the vmdescription', since: v(11, 0) });
      if (index !== undefined) this.add({ seen: 'array elements with "index" in the vmdescription', until: v(10, 2) });
      if (struct !== undefined) this.table(struct);
      for (const table of inline) this.table(table);
    }
    for (const subsection of subsections) this.table(subsection);
  }
}
