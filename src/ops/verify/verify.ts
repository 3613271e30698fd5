// What is wrong with a stream, all of it in one reading: what no QEMU loads, what one would load into a broken guest,
// and what is good to know. Nothing here knows a destination; the folder predict/ does. QEMU: docs/format.md "What each
// QEMU rejects".

import type { Span } from '../../base/span.js';
import { unlessBroken, type ErrorCode, type MigrationStreamError } from '../../base/errors.js';
import { parseSchema, type DescriptionSchema } from '../../vmstate/index.js';
import type { ContainerFacts } from '../../container/container.js';
import type { StreamEvent } from '../../stream/event.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import { inspect, type Inspection, type StreamWarning } from '../inspect.js';
import type { MigrationStream } from '../../open/open-stream.js';
import { compareVersions, versionText } from '../../release/version.js';
import { checkBlockList, checkMemory, checkUnfinished } from './check-blocks.js';
import { CommandCheck } from './check-commands.js';
import { checkConfiguration, checkMachineName } from './check-configuration.js';
import { DeviceCheck } from './check-devices.js';
import { SectionCheck } from './check-sections.js';
import { finding, type Finding } from './codes.js';
import { LoadableRange, type Loadable } from './loadable.js';
import type { Prediction } from '../../loader/index.js';
import type { TrialResult } from './against.js';

/**
 * `sound`: no error finding. `broken`: at least one. `unjudged`: nothing could be said, or reading had to stop at a
 * limit of ours before an error was met.
 */
export type VerifyVerdict = 'sound' | 'broken' | 'unjudged';

export interface Verification {
  readonly label: string;
  readonly verdict: VerifyVerdict;
  /** In the order of the stream, those without a place last. */
  readonly findings: readonly Finding[];
  /** Releases that read what the bytes hold; devices may ask for more. */
  readonly loadable: Loadable;
  /** What a destination will do with it, where one was named. */
  readonly prediction?: DestinationPrediction;
  /** Undefined when the input could not even be opened. */
  readonly inspection: Inspection | undefined;
  /** What the stream lies in, outermost first. */
  readonly containers?: readonly ContainerFacts[] | undefined;
}

export interface DestinationPrediction {
  /** Who was asked, in words. */
  readonly destination: string;
  /** Switched on or off there for this; `assumed`: nobody said so, the stream calls for it. */
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly assumed: boolean;
  readonly prediction: Prediction;
  /** It was tried. */
  readonly trial?: TrialResult;
}

/** Where this reader gives up and QEMU need not. */
const OURS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'dialect-ambiguous',
  'unknown-payload',
  'limit-exceeded',
  'not-seekable',
  'cannot-encode',
]);
const NOTHING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['not-a-stream', 'io']);

/**
 * Reads `stream` (opened with `bodies: 'devices'` or 'all') to its end or its first error, once. A stream that breaks
 * gives the findings before it, and the break as one.
 * @throws errors that are not MigrationStreamErrors
 */
export async function verifyStream(
  stream: MigrationStream,
): Promise<Verification & { readonly inspection: Inspection }> {
  const checks = new Checks();
  const inspection = await inspect(stream, (event) => checks.observe(event));
  return checks.result(inspection);
}

class Checks {
  private readonly early: Finding[] = [];
  private readonly commands = new CommandCheck();
  private readonly sections = new SectionCheck();
  private readonly devices = new DeviceCheck();
  private readonly range = new LoadableRange();
  private description: DescriptionSchema | undefined;
  private json: Uint8Array | undefined;
  private blocks: RamBlockEntry[] = [];
  private named: { readonly machine: string; readonly span: Span } | undefined;
  private flushes = false;
  /** The END section of "ram" was opened: QEMU writes mapped-ram bitmaps there. */
  private ramEnded = false;

  observe(event: StreamEvent): void {
    this.range.observe(event);
    this.devices.observe(event);
    switch (event.kind) {
      case 'configuration':
        this.early.push(...checkConfiguration(event.configuration, event.span));
        this.named = { machine: event.configuration.machine, span: event.span };
        return;
      case 'section-open':
        this.sections.open(event.type, event.section, event.span.start);
        this.ramEnded ||= event.type === 'end' && event.section.idstr === 'ram';
        return;
      case 'command':
        this.commands.observe({ command: event.command, payload: event.payload, offset: event.span.start });
        return;
      case 'ram-blocks':
        if (!event.continues) this.blocks = [];
        this.early.push(...checkBlockList(event, this.blocks));
        this.blocks.push(...event.blocks);
        return;
      case 'ram-mark':
        this.flushes ||= event.mark === 'multifd-flush';
        return;
      case 'vmdescription':
        this.json = event.json;
        this.description = unlessBroken(() => parseSchema(event.json));
        return;
      default:
    }
  }

  result(inspection: Inspection): Verification & { readonly inspection: Inspection } {
    const { error } = inspection;
    const findings = [...this.early, ...this.machineName(), ...this.commands.finish()];
    if (inspection.configuration === undefined && this.sections.sections > 0)
      findings.push(finding('no-configuration', { text: 'there is no configuration section' }));
    for (const warning of inspection.warnings) findings.push(...this.warning(warning));
    const whole = error === undefined || inspection.complete;
    if (whole) {
      findings.push(...this.sections.finish(this.description));
      findings.push(...checkMemory(inspection, this.facts()));
      findings.push(...this.devices.finish(this.json));
    } else findings.push(...this.sections.findings);
    if (!this.ramEnded) findings.push(...checkUnfinished(inspection));
    if (error !== undefined) findings.push(broken(error, inspection.complete));
    const loadable = this.range.range;
    if (inspection.totals.bytes > 0) findings.push(...versions(loadable));
    if (whole) findings.push(...this.notes());
    return {
      label: inspection.label,
      verdict: verdictOf(findings, error),
      findings: ordered(findings),
      loadable,
      inspection,
    };
  }

  /** Whether a name is a full one depends on the architecture, which the vmdescription tells. */
  private machineName(): Finding[] {
    const { named } = this;
    return named === undefined ? [] : checkMachineName(named.machine, named.span, this.range.architecture);
  }

  private facts(): Parameters<typeof checkMemory>[1] {
    const { ram, sections } = this.sections;
    const hinting = ['virtio-balloon', 'virtio-mem'].some((name) => this.sections.has(name));
    const plugged = this.devices.plugged(this.json);
    return { ram, sections, flushes: this.flushes, postcopy: this.commands.listened, hinting, plugged };
  }

  private notes(): Finding[] {
    const vmgenid = this.sections.has('vmgenid') ? [] : [finding('no-vmgenid', { text: 'there is no vmgenid device' })];
    return [...vmgenid, finding('cpu-model', { text: 'the CPU model of the source is in no stream' })];
  }

  private warning(warning: StreamWarning): Finding[] {
    const { offset, path, message: text } = warning;
    switch (warning.code) {
      case 'no-vmdescription':
        return [finding('no-vmdescription', { text, offset, path })];
      case 'bad-vmdescription':
        return [finding('bad-vmdescription', { text, offset, path })];
      case 'vmdescription-disagrees':
        return [finding('vmdescription-disagrees', { text, offset, path })];
      case 'trailing-data':
        return [finding('trailing-data', { text, offset })];
      case 'eof-in-the-middle':
        return [finding('eof-in-the-middle', { text, offset })];
      // checkConfiguration says it better.
      case 'version-of-subsection':
        return [];
    }
  }
}

/** A break behind the EOF byte is one that QEMU never sees. */
function broken(error: MigrationStreamError, complete: boolean): Finding {
  const unread =
    complete && error.code === 'truncated'
      ? ' (QEMU does not read that far, and loads what is before; but the file is cut)'
      : '';
  return finding(error.code, {
    text: error.message + unread,
    offset: error.offset,
    path: error.path,
    ...(error.hint === undefined ? {} : { cure: error.hint }),
  });
}

function versions(loadable: Loadable): Finding[] {
  const { since, until, reasons } = loadable;
  if (since === undefined && until === undefined) return [];
  const because = reasons.map((reason) => reason.what).join(', ');
  if (since !== undefined && until !== undefined && compareVersions(since, until) > 0) {
    return [
      finding('no-release', {
        text: `needs QEMU ${versionText(since)} or later, and ${versionText(until)} or older (${because})`,
      }),
    ];
  }
  const from = since === undefined ? '' : ` ${versionText(since)}`;
  const text =
    until === undefined
      ? `${from} or later`
      : since === undefined
        ? ` up to ${versionText(until)}`
        : compareVersions(since, until) === 0
          ? from
          : `${from} to ${versionText(until)}`;
  return [finding('versions', { text: `QEMU${text} can read it (${because})` })];
}

function verdictOf(findings: readonly Finding[], error: MigrationStreamError | undefined): VerifyVerdict {
  if (error !== undefined && NOTHING.has(error.code)) return 'unjudged';
  if (findings.some(({ severity }) => severity === 'error')) return 'broken';
  return error !== undefined && OURS.has(error.code) ? 'unjudged' : 'sound';
}

function ordered(findings: readonly Finding[]): Finding[] {
  const place = ({ offset }: Finding): number => offset ?? Number.MAX_SAFE_INTEGER;
  return [...findings].sort((a, b) => place(a) - place(b));
}
