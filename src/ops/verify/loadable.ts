// Which releases of QEMU can read the bytes of a stream: from what it holds, not from who wrote it. Each reason is a
// fact about readers (docs/format.md "Compatibility").

import { pageKind } from '../../ram/page-runs.js';
import type { StreamEvent } from '../../stream/event.js';
import { migCommand } from '../../wire/command.js';
import type { LayoutName } from '../../wire/dialect.js';
import { architectureOf, namesIn, type Architecture } from '../../release/architecture.js';
import { provenRange, type Fact } from '../../release/fact.js';
import { machineRange } from '../../release/machines.js';
import { commands, layoutReaders, records } from '../../release/records.js';
import { datedSubsections } from '../../release/subsections.js';
import { compareVersions, type QemuVersion, type ReleaseRange } from '../../release/version.js';

export interface LoadableReason {
  /** What asks for it. */
  readonly what: string;
  readonly since?: QemuVersion;
  readonly until?: QemuVersion;
}

export interface Loadable {
  /** First and last release that read all of it; undefined: no limit is known. */
  readonly since: QemuVersion | undefined;
  readonly until: QemuVersion | undefined;
  /** Those that set the limits first. */
  readonly reasons: readonly LoadableReason[];
}

/** What asks for a layout of the block list; undefined: every release reads it. */
const LAYOUTS: Readonly<Record<LayoutName, string | undefined>> = {
  plain: undefined,
  postcopy: 'page sizes in the block list',
  'ignore-shared-4.0': 'block list entries of QEMU 4.0, with an ignored byte',
  'ignore-shared-4.1': 'block list entries with an address',
  'mapped-ram': 'mapped-ram',
  'ignore-shared-mapped-ram': 'mapped-ram together with x-ignore-shared',
};

/** Collects reasons from events. */
export class LoadableRange {
  private readonly reasons = new Map<string, LoadableReason>();
  private machine: string | undefined;
  private hasName: ((name: string) => boolean) | undefined;

  observe(event: StreamEvent): void {
    switch (event.kind) {
      case 'configuration': {
        this.machine = event.configuration.machine;
        for (const part of event.configuration.subsections) {
          if (part.kind === 'target-page-bits') this.add('target page bits', records['target-page-bits']);
          if (part.kind === 'capabilities') this.add('a capability list', records.capabilities);
          if (part.kind === 'uuid') this.add('a uuid', records.uuid);
        }
        return;
      }
      case 'ram-blocks': {
        const what = LAYOUTS[event.layout.name];
        if (what !== undefined) this.add(what, layoutReaders[event.layout.name]);
        return;
      }
      case 'ram-mark':
        if (event.mark === 'multifd-flush') this.add('MULTIFD_FLUSH records', records['multifd-flush']);
        return;
      case 'pages':
        this.pages(event.runs);
        return;
      case 'command':
        if (event.command === migCommand.switchoverStart)
          this.add('the command SWITCHOVER_START', commands.SWITCHOVER_START);
        if (event.command === migCommand.enableColo) this.add('the command ENABLE_COLO', commands.ENABLE_COLO);
        return;
      case 'section-open':
        if (event.section.idstr === 'dirty-bitmap') this.add('a dirty-bitmap section', records['dirty-bitmap']);
        if (event.section.idstr === 'block') this.add('a block migration section', records.block);
        if (event.section.idstr === 'PCIHost') this.add('the section PCIHost', records.PCIHost);
        return;
      case 'vmdescription': {
        this.hasName = namesIn(event.json);
        return;
      }
      default:
    }
  }

  /** Undefined: the stream does not show it. Known at the end only, since the vmdescription stands there. */
  get architecture(): Architecture | undefined {
    return architectureOf(this.machine, this.hasName);
  }

  get range(): Loadable {
    const all = [...this.machineReason(), ...this.reasons.values(), ...this.subsections()];
    const since = all.flatMap((reason) => reason.since ?? []).sort((a, b) => compareVersions(b, a))[0];
    const until = all.flatMap((reason) => reason.until ?? []).sort(compareVersions)[0];
    const limits = (reason: LoadableReason): boolean =>
      (since !== undefined && reason.since !== undefined && compareVersions(reason.since, since) === 0) ||
      (until !== undefined && reason.until !== undefined && compareVersions(reason.until, until) === 0);
    return { since, until, reasons: all.filter(limits) };
  }

  private add(what: string, fact: Fact): void {
    this.reasons.set(what, reason(what, provenRange(fact)));
  }

  /** A versioned machine type comes with its release and goes some years later. */
  private machineReason(): LoadableReason[] {
    const range = this.machine === undefined ? undefined : machineRange(this.machine, this.architecture);
    return range === undefined ? [] : [reason(`machine type ${this.machine}`, range)];
  }

  private subsections(): LoadableReason[] {
    const { hasName } = this;
    if (hasName === undefined) return [];
    return datedSubsections(this.architecture)
      .filter(([name]) => hasName(name))
      .map(([name, fact]) => reason(`the subsection ${name}`, provenRange(fact)));
  }

  private pages(runs: Extract<StreamEvent, { kind: 'pages' }>['runs']): void {
    for (let i = 0; i < runs.count; i += 1) {
      if (runs.kind[i] === pageKind.compressed) this.add('COMPRESS_PAGE records', records['compressed-page']);
      if (runs.kind[i] === pageKind.zero && runs.fill[i] !== 0)
        this.add('zero pages with a fill byte', records['zero-fill']);
    }
  }
}

function reason(what: string, { since, until }: ReleaseRange): LoadableReason {
  return { what, ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
}
