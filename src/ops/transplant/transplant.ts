// A saved VM carried to another QEMU: the source's stream in, a stream out that the donor's QEMU reads. One pass; RAM
// goes through, devices are held until they can be taken apart. Nothing appears at the sink unless the report allows
// it.

import { Refused } from '../../base/refused.js';
import type { ByteSink, ByteSource } from '../../bytes/source.js';
import { MigrationStreamError } from '../../base/errors.js';
import { quote } from '../../base/quote.js';
import type { StreamEvent } from '../../stream/event.js';
import { decodeDevice } from '../../devices/index.js';
import { configurationSchema, formatSchema, type DescriptionSchema, type DeviceState } from '../../vmstate/index.js';
import { commandName, migCommand } from '../../wire/command.js';
import type { Configuration } from '../../wire/configuration.js';
import type { SectionHeader } from '../../wire/section.js';
import { inspect } from '../inspect.js';
import type { OfferedFeatures } from '../../destination/destination.js';
import type { VmstateTables } from '../../destination/vmstate-tables.js';
import { openStream, type MigrationStream, type OpenOptions } from '../../open/open-stream.js';
import { ProducerClues } from '../../open/producer.js';
import { architectureOfTables, type Architecture } from '../../release/architecture.js';
import { behaviours } from '../../release/behaviours.js';
import { rangeHasFact } from '../../release/fact.js';
import type { QemuVersion } from '../../release/version.js';
import { StreamOutput } from '../rewrite/output.js';
import { layConfiguration, machineOf } from './stream/configuration.js';
import { describedSections, descriptionOf, heldSections, type DeviceSection } from './stream/device-part.js';
import type { Donor } from './donor.js';
import { Knowledge, type Releases } from './merge/knowledge.js';
import { Ledger } from './merge/ledger.js';
import { Memory } from './stream/memory.js';
import { Parts } from './stream/parts.js';
import { worst, type CpuAnswer, type Grade, type TransplantReport, type Trial } from './report.js';
import { fieldRule } from './merge/rules.js';
import { laySections, type LaidSection } from './stream/sections.js';
import { knownFeatures } from './virtio/known-features.js';
import { pluggedMemory } from '../devices/virtio-mem.js';
import { runTrial, type TrialPort } from './trial/trial.js';

export interface TransplantOptions extends OpenOptions {
  /** Of the destination's `-dump-vmstate`. */
  readonly tables?: VmstateTables | undefined;
  /** The destination's release, where a QEMU was asked; else what the donor betrays. */
  readonly release?: QemuVersion | undefined;
  /** Features that the destination's virtio devices offer (Destination.offers). The donor tells some of other devices. */
  readonly offers?: ReadonlyMap<string, OfferedFeatures> | undefined;
  /** Describes the source's devices where it has no vmdescription. */
  readonly schemaFrom?: DescriptionSchema | undefined;
  /** What is known of the CPU. */
  readonly cpu?: CpuAnswer | undefined;
  /** The worst grade that is written; 'assumed' by default. */
  readonly allow?: Grade | undefined;
  /** Tries the result before it appears, where the sink shows it. */
  readonly trial?: TrialPort | undefined;
  /** Why there is none, for the report. */
  readonly notTried?: string | undefined;
  /** How much further in than before the stream will begin in its file, bytes. Default 0. */
  readonly shift?: number | undefined;
}

export interface TransplantResult {
  readonly report: TransplantReport;
  /** False: refused, and the sink was aborted. */
  readonly written: boolean;
}

const CPU_UNKNOWN: CpuAnswer = {
  grade: 'assumed',
  source: undefined,
  destination: undefined,
  why: 'CPU model, accelerator and TSC frequency are in no stream',
};

/**
 * Carries `source` to the destination of `donor`. Closes neither source nor sink; commits the sink unless the report is
 * worse than allowed, and aborts it otherwise.
 * @throws Refused, where there is nothing to report on; MigrationStreamError as openStream and the sink throw
 */
export async function transplant(
  source: ByteSource,
  sink: ByteSink,
  donor: Donor,
  options: TransplantOptions = {},
): Promise<TransplantResult> {
  try {
    const ignored = donor.layout.ignoredByte ? await ignoredBlocks(source, options) : undefined;
    const stream = await openStream(source, { ...options, bodies: 'all' });
    const output = new StreamOutput(sink, 0, options.shift);
    const work = new Transplanting(stream, output, sink.staged !== undefined, donor, options, ignored);
    await work.run();
    const allow = options.allow ?? 'assumed';
    await work.tryOut(sink, allow);
    const report = work.report();
    const written = worst(report.grade, allow) === allow;
    await (written ? sink.commit() : sink.abort());
    return { report, written };
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** QEMU 4.0 wants to be told which blocks were left out, and that shows only at the end. */
async function ignoredBlocks(source: ByteSource, options: OpenOptions): Promise<Map<string, boolean>> {
  if (!source.seekable)
    throw new MigrationStreamError({
      code: 'not-seekable',
      message: 'QEMU 4.0 must be told which blocks were left out, which shows only at the end of a stream',
      hint: { code: 'save-to-file' },
    });
  const { blocks, error } = await inspect(await openStream(source, { ...options, bodies: 'none' }));
  if (error !== undefined) throw error;
  return new Map(blocks.map((block) => [block.idstr, block.ignored === true]));
}

const here = { start: 0, end: 0 };

class Transplanting {
  private readonly stream: MigrationStream;
  private readonly output: StreamOutput;
  private readonly staged: boolean;
  private readonly donor: Donor;
  private readonly options: TransplantOptions;
  private readonly ledger = new Ledger();
  private readonly clues = new ProducerClues();
  private readonly full = heldSections();
  private json: Uint8Array | undefined;
  private readonly memory: Memory;
  private readonly parts: Parts;
  private configuration: Configuration | undefined;
  private configured: Configuration | undefined;
  private headed = false;
  private early = false;
  private source: readonly DeviceSection[] = [];
  private laid: readonly LaidSection[] = [];
  private trial: Trial;

  constructor(
    stream: MigrationStream,
    output: StreamOutput,
    staged: boolean,
    donor: Donor,
    options: TransplantOptions,
    ignored: ReadonlyMap<string, boolean> | undefined,
  ) {
    this.stream = stream;
    this.output = output;
    this.staged = staged;
    this.donor = donor;
    this.options = options;
    this.memory = new Memory(donor, this.ledger, ignored);
    this.parts = new Parts(donor.parts, this.ledger);
    this.trial = { state: 'not-tried', why: options.notTried ?? 'no QEMU was at hand' };
  }

  async run(): Promise<void> {
    for await (const event of this.stream.events()) {
      this.clues.observe(event);
      if (event.kind === 'configuration') this.configuration = event.configuration;
      else if (event.kind === 'header') await this.write(event);
      else {
        await this.head();
        if (event.kind === 'vmdescription') this.json = event.json;
        else if (!this.full.observe(event)) await this.carry(event);
      }
    }
    this.laid = await this.devices();
    await this.output.flush();
  }

  /** In a throw-away destination, unless it would be refused anyway. */
  async tryOut(sink: ByteSink, allow: Grade): Promise<void> {
    const { trial } = this.options;
    if (trial === undefined) return;
    const sofar = worst(this.ledger.grade, this.cpu.grade);
    if (sofar === 'impossible' || worst(sofar, allow) !== allow)
      this.trial = { state: 'not-tried', why: 'it would be refused anyway' };
    else if (sink.staged === undefined)
      this.trial = { state: 'not-tried', why: 'the result goes to no file that could be tried' };
    else {
      const given = this.laid.map(({ device, bytes }) => decodeDevice(device, bytes));
      const [source, donor] = [this.source, this.donor.sections].map((sections) =>
        sections.map(({ state }) => state),
      ) as [DeviceState[], DeviceState[]];
      const judged = await runTrial(trial, {
        file: sink.staged,
        at: sink.stagedAt ?? 0,
        source,
        given,
        donor,
        announced: this.ledger.spokenOf,
      });
      this.trial = judged.trial;
      if (judged.trial.state === 'passed') this.ledger.settle();
      for (const remark of judged.remarks) this.ledger.note(remark);
    }
  }

  /** The configuration section, once it is known whether the source has one. */
  private async head(): Promise<void> {
    if (this.headed) return;
    this.headed = true;
    this.configured = layConfiguration(this.ledger, this.donor.configuration, this.configuration);
    if (this.configured !== undefined)
      await this.write({ kind: 'configuration', configuration: this.configured, span: here });
  }

  /** What is neither head nor device. */
  private async carry(event: StreamEvent): Promise<void> {
    switch (event.kind) {
      case 'section-open':
        if (this.full.whole.length > 0)
          throw new Refused(
            'refused',
            `${quote(event.section.idstr)} comes after devices in this stream (a device that is set up early), and is not held back`,
          );
        if (event.type === 'end') await this.earlyCommands();
        return this.under(event.section, (section) => ({ ...event, section }));
      case 'payload':
        return this.under(event.section, (section) => ({ ...event, section }));
      case 'section-close':
        return this.under(event.section, (section) => ({ ...event, section, footer: this.donor.footers }));
      case 'ram-blocks':
        return this.write(this.memory.list(event, this.destination));
      case 'pages': {
        const kept = this.memory.pages(event);
        if (kept === undefined) return;
        return this.output.put(kept, kept === event ? this.stream.raw(event.span) : undefined);
      }
      case 'mapped-area':
        return this.write(event);
      case 'ram-mark':
        if (event.mark === 'multifd-flush')
          throw new Refused('refused', 'this stream has multifd channels beside it: its pages are not in it');
        if (event.mark === 'eos') await this.write(event);
        return;
      case 'command':
        return checkCommand(event.command);
      default:
    }
  }

  /** An event of a section of several parts, under the destination's header. */
  private async under(section: SectionHeader, event: (header: SectionHeader) => StreamEvent): Promise<void> {
    const header = section.idstr === 'ram' ? this.donor.ram : this.parts.headerFor(section);
    if (header !== undefined) await this.write(event(header));
  }

  private async earlyCommands(): Promise<void> {
    if (this.early) return;
    this.early = true;
    for (const command of this.donor.commands.early) await this.write(command);
  }

  private async devices(): Promise<LaidSection[]> {
    const { donor, ledger, options, destination } = this;
    const { allow = 'assumed' } = options;
    const described = descriptionOf('the source', this.json, options.schemaFrom);
    this.source = describedSections('the source', this.full.whole, described);
    this.memory.complete(pluggedMemory(this.source.map(({ state }) => state)));
    this.parts.complete();
    await this.earlyCommands();
    const knowledge = new Knowledge(options.tables, this.clues.producer, destination, this.architecture);
    const rule = fieldRule({
      features: knownFeatures(donor.sections, options.offers),
      checksQueues: rangeHasFact(destination, behaviours['ring-length-checked']),
    });
    const laid = laySections({ ledger, knowledge, tables: options.tables, rule }, donor.sections, this.source);
    // What went into a pipe cannot be taken back: refused, it ends behind guest memory, and no QEMU loads it.
    if (!this.staged && worst(ledger.grade, this.cpu.grade, allow) !== allow) return laid;
    for (const command of donor.commands.late) await this.write(command);
    for (const { section, bytes } of laid) {
      await this.write({ kind: 'section-open', type: 'full', section, span: here });
      await this.write({ kind: 'payload', section, boundary: 'vmdescription', bytes, last: true, span: here });
      await this.write({ kind: 'section-close', section, footer: donor.footers, span: here });
    }
    await this.write({ kind: 'eof', span: here });
    await this.write({ kind: 'vmdescription', json: this.description(laid), span: here });
    return laid;
  }

  private description(laid: readonly LaidSection[]): Uint8Array {
    const { donor, configured } = this;
    const plain = configured?.subsections.length === 0;
    return formatSchema({
      pageSize: donor.targetPageSize,
      // Since 8.2; only where it is simple, since QEMU describes several capabilities wrongly.
      configuration: donor.describesConfiguration && plain ? configurationSchema(configured) : undefined,
      devices: laid.map(({ device }) => device),
      spacedColons: donor.spacedColons,
    });
  }

  private write(event: StreamEvent): Promise<void> {
    return this.output.put(event, undefined);
  }

  private get destination(): Releases {
    const { release: since } = this.options;
    return since === undefined ? this.donor.producer : { since, until: since };
  }

  /** Of the destination, which is the source's as well. */
  private get architecture(): Architecture | undefined {
    const { sections, configuration } = this.donor;
    const tables = sections.map(({ state }) => state.device.vmsd);
    return architectureOfTables(configuration?.machine, tables);
  }

  private get cpu(): CpuAnswer {
    return this.options.cpu ?? CPU_UNKNOWN;
  }

  report(): TransplantReport {
    const { ledger, cpu, trial } = this;
    const state = ledger.grade;
    return {
      grade: worst(
        state,
        cpu.grade,
        trial.state === 'passed' ? 'exact' : trial.state === 'failed' ? 'impossible' : 'assumed',
      ),
      state,
      machine: { source: machineOf(this.configuration), destination: machineOf(this.donor.configuration) },
      copied: ledger.copied,
      sections: this.laid.length,
      differences: ledger.differences,
      counts: ledger.counts,
      cpu,
      trial,
      bytesRead: this.stream.position,
      bytesWritten: this.output.position,
    };
  }
}

/** @throws Refused: what the source holds is no save of one moment */
function checkCommand(command: number): void {
  const harmless: readonly number[] = [
    migCommand.openReturnPath,
    migCommand.ping,
    migCommand.postcopyAdvise,
    migCommand.switchoverStart,
  ];
  if (!harmless.includes(command))
    throw new Refused(
      'refused',
      `command ${commandName(command)}: not a save of one moment (postcopy, COLO, recovery)`,
    );
}
