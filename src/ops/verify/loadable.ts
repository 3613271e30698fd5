// Which releases of QEMU can read the bytes of a stream: from what it holds, not from who wrote it. Each reason is a
// fact about readers (docs/format.md "Compatibility").

import { pageKind } from '../../ram/page-runs.js';
import type { StreamEvent } from '../../stream/event.js';
import { migCommand } from '../../wire/command.js';
import type { LayoutName } from '../../wire/dialect.js';
import { compareVersions, type QemuVersion } from '../../release/version.js';

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

const v = (major: number, minor: number): QemuVersion => ({ major, minor });

const LAYOUTS: Readonly<Record<LayoutName, LoadableReason | undefined>> = {
  plain: undefined,
  postcopy: { what: 'page sizes in the block list', since: v(2, 9) },
  'ignore-shared-4.0': { what: 'block list entries of QEMU 4.0, with an ignored byte', since: v(4, 0), until: v(4, 0) },
  'ignore-shared-4.1': { what: 'block list entries with an address', since: v(4, 1) },
  'mapped-ram': { what: 'mapped-ram', since: v(9, 0) },
  'ignore-shared-mapped-ram': { what: 'mapped-ram together with x-ignore-shared', since: v(11, 0) },
};

/** Subsections and sections by the first release of the lab that knows them: older ones refuse (docs/format.md "Another machine type"). */
const DEVICES: readonly (readonly [name: string, since: QemuVersion])[] = [
  ['cpu/poll_control_msr', v(5, 0)],
  ['fw_cfg/acpi_mr', v(5, 0)],
  ['pckbd/extended_state', v(6, 0)],
];

/** Collects reasons from events. */
export class LoadableRange {
  private readonly reasons = new Map<string, LoadableReason>();

  observe(event: StreamEvent): void {
    switch (event.kind) {
      case 'configuration': {
        this.machine(event.configuration.machine);
        for (const part of event.configuration.subsections) {
          if (part.kind === 'target-page-bits') this.add({ what: 'target page bits', since: v(2, 8) });
          if (part.kind === 'capabilities') this.add({ what: 'a capability list', since: v(4, 0) });
          if (part.kind === 'uuid') this.add({ what: 'a uuid', since: v(4, 2) });
        }
        return;
      }
      case 'ram-blocks': {
        const reason = LAYOUTS[event.layout.name];
        if (reason !== undefined) this.add(reason);
        return;
      }
      case 'ram-mark':
        if (event.mark === 'multifd-flush') this.add({ what: 'MULTIFD_FLUSH records', since: v(8, 1) });
        return;
      case 'pages':
        this.pages(event.runs);
        return;
      case 'command':
        if (event.command === migCommand.switchoverStart)
          this.add({ what: 'the command SWITCHOVER_START', since: v(10, 0) });
        if (event.command === migCommand.enableColo)
          this.add({ what: 'the command ENABLE_COLO', since: v(3, 1), until: v(10, 2) });
        return;
      case 'section-open':
        if (event.section.idstr === 'dirty-bitmap') this.add({ what: 'a dirty-bitmap section', since: v(2, 12) });
        if (event.section.idstr === 'block') this.add({ what: 'a block migration section', until: v(9, 0) });
        if (event.section.idstr === 'PCIHost') this.add({ what: 'the section PCIHost', since: v(5, 0) });
        return;
      case 'vmdescription': {
        const json = Buffer.from(event.json.buffer, event.json.byteOffset, event.json.length);
        for (const [name, since] of DEVICES)
          if (json.includes(`"${name}"`)) this.add({ what: `the subsection ${name}`, since });
        return;
      }
      default:
    }
  }

  get range(): Loadable {
    const all = [...this.reasons.values()];
    const since = all.flatMap((reason) => reason.since ?? []).sort((a, b) => compareVersions(b, a))[0];
    const until = all.flatMap((reason) => reason.until ?? []).sort(compareVersions)[0];
    const limits = (reason: LoadableReason): boolean =>
      (since !== undefined && reason.since !== undefined && compareVersions(reason.since, since) === 0) ||
      (until !== undefined && reason.until !== undefined && compareVersions(reason.until, until) === 0);
    return { since, until, reasons: all.filter(limits) };
  }

  private add(reason: LoadableReason): void {
    this.reasons.set(reason.what, reason);
  }

  /** Versioned pc machines come with their release and go some years later; the last two were measured. */
  private machine(name: string): void {
    const match = /^pc-(?:i440fx|q35)-(\d+)\.(\d+)(?:\.\d+)?$/.exec(name);
    const any = match ?? /^[a-z][\w-]*-(\d+)\.(\d+)(?:\.\d+)?$/.exec(name);
    if (any === null) return;
    const version = v(Number(any[1]), Number(any[2]));
    const gone =
      compareVersions(version, v(2, 4)) < 0 ? v(9, 2) : compareVersions(version, v(5, 2)) < 0 ? v(11, 0) : undefined;
    this.add({
      what: `machine type ${name}`,
      since: version,
      ...(match === null || gone === undefined ? {} : { until: gone }),
    });
  }

  private pages(runs: Extract<StreamEvent, { kind: 'pages' }>['runs']): void {
    for (let i = 0; i < runs.count; i += 1) {
      if (runs.kind[i] === pageKind.compressed)
        this.add({ what: 'COMPRESS_PAGE records', since: v(2, 4), until: v(9, 0) });
      if (runs.kind[i] === pageKind.zero && runs.fill[i] !== 0)
        this.add({ what: 'zero pages with a fill byte', until: v(8, 1) });
    }
  }
}
