// Which QEMU can have written this? Every clue is a fact about versions with its evidence; together they narrow a
// range. For reports only: reading never depends on it. Facts: docs/format.md "Fingerprints".

import { unlessBroken } from '../base/errors.js';
import { provenRange, type Fact } from '../release/fact.js';
import { architectureOf } from '../release/architecture.js';
import { capabilities } from '../release/capabilities.js';
import { machineRange, versionInMachine } from '../release/machines.js';
import { commands, descriptionWriters, layoutWriters, records } from '../release/records.js';
import { compareVersions, type QemuVersion } from '../release/version.js';
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

function clue(seen: string, fact: Fact): Clue {
  const { since, until } = provenRange(fact);
  return { seen, ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
}

/** The release that a machine type came with; the name of a family that no table has may say it too. */
function machineSince(machine: string): QemuVersion | undefined {
  const range = machineRange(machine, architectureOf(machine, undefined));
  return range?.since ?? versionInMachine(machine);
}

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
        if (event.mark === 'multifd-flush') this.add(clue('MULTIFD_FLUSH records', records['multifd-flush']));
        return;
      case 'pages':
        if (event.runs.kind.subarray(0, event.runs.count).includes(pageKind.compressed)) {
          this.add(clue(`COMPRESS_PAGE records (0x${ramFlag.compressPage.toString(16)})`, records['compressed-page']));
        }
        return;
      case 'command':
        if (event.command === migCommand.switchoverStart)
          this.add(clue('command SWITCHOVER_START', commands.SWITCHOVER_START));
        else this.add(clue('commands', commands.PING));
        return;
      case 'section-close':
        if (event.footer) this.add(clue('section footers', records.footer));
        return;
      case 'section-open':
        if (event.section.idstr === 'dirty-bitmap') this.add(clue('dirty-bitmap sections', records['dirty-bitmap']));
        if (event.section.idstr === 'block') this.add(clue('block migration sections', records.block));
        return;
      case 'vmdescription':
        this.add(clue('vmdescription', records.vmdescription));
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
    this.add(clue('configuration section', records.configuration));
    const since = machineSince(configuration.machine);
    if (since !== undefined)
      this.add({ seen: `machine type ${/[\d.]+$/.exec(configuration.machine)?.[0] ?? ''}`, since });
    for (const part of configuration.subsections) {
      if (part.kind === 'target-page-bits')
        this.add(clue('configuration/target-page-bits', records['target-page-bits']));
      if (part.kind === 'uuid') this.add(clue('configuration/uuid', records.uuid));
      if (part.kind !== 'capabilities') continue;
      this.add(clue('configuration/capabilities', records.capabilities));
      if (part.names.includes('mapped-ram')) this.add(clue('capability mapped-ram', capabilities['mapped-ram']));
    }
  }

  private layout(name: string): void {
    if (name === 'ignore-shared-4.0') this.add(clue('an ignored byte in each block list entry', layoutWriters[name]));
    if (name === 'ignore-shared-4.1')
      this.add(clue('block list entries with address and without ignored byte', layoutWriters[name]));
    if (name === 'postcopy') this.add(clue('page sizes in the block list', layoutWriters[name]));
  }

  private description(description: DescriptionSchema | undefined): void {
    if (description === undefined) return;
    const { spacedColons, configuration, devices } = description;
    if (spacedColons) this.add(clue('vmdescription spaced like " : "', descriptionWriters['spaced-colons']));
    else this.add(clue('vmdescription spaced like ": "', descriptionWriters['close-colons']));
    if (configuration !== undefined)
      this.add(clue('vmdescription begins with "configuration"', descriptionWriters['configuration-first']));
    else this.add(clue('vmdescription begins with "page_size"', descriptionWriters['page-size-first']));
    for (const { vmsd } of devices) this.table(vmsd);
  }

  private table({ fields, subsections }: VmsdSchema): void {
    for (const { name, type, index, struct, inline } of fields) {
      if (name === 'has_vm_was_suspended')
        this.add(clue('globalstate with vm_was_suspended', descriptionWriters['vm-was-suspended']));
      if (type === 'nullptr') this.add(clue('type nullptr in the vmdescription', descriptionWriters.nullptr));
      if (type === 'ptr-marker')
        this.add(clue('type ptr-marker in the vmdescription', descriptionWriters['ptr-marker']));
      if (index !== undefined)
        this.add(clue('array elements with "index" in the vmdescription', descriptionWriters['array-index']));
      if (struct !== undefined) this.table(struct);
      for (const table of inline) this.table(table);
    }
    for (const subsection of subsections) this.table(subsection);
  }
}
