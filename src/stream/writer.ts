// The reader's mirror: events in, bytes out. Every event contains everything that its bytes need, so the writer keeps
// no dialect and no state except its sink. Events that only inform write nothing. QEMU: qemu_savevm_state*(),
// migration/savevm.c.

import { never } from '../base/never.js';
import { cannotEncode, Emitter } from '../bytes/emitter.js';
import type { ByteSink } from '../bytes/source.js';
import type { PageRuns } from '../ram/page-runs.js';
import { commandHeader } from '../wire/command.js';
import { configurationSection } from '../wire/configuration.js';
import { fileHeader, QEMU_VM_FILE_MAGIC } from '../wire/file-header.js';
import type { Codec } from '../wire/kit/codec.js';
import { pageHeader } from '../wire/page-header.js';
import { ramBlockEntry } from '../wire/ram-block.js';
import { sectionFooter, sectionHeader, sectionHeaderShort, sectionType } from '../wire/section.js';
import type { StreamEvent } from './event.js';

/** Writes page runs; ram/page-writer.ts implements it. It is a port because the grammar knows no values of ram. */
export type PageRunsWriter = (emitter: Emitter, runs: PageRuns) => Promise<void>;

export class StreamWriter {
  private readonly emitter: Emitter;
  private readonly sink: ByteSink;
  private readonly writePages: PageRunsWriter;

  constructor(sink: ByteSink, writePages: PageRunsWriter) {
    this.sink = sink;
    this.emitter = new Emitter(sink);
    this.writePages = writePages;
  }

  /** Bytes written so far. */
  get position(): number {
    return this.emitter.position;
  }

  /**
   * Appends the bytes of `event`. Bytes in the event may be a loan: the writer keeps nothing.
   * @throws MigrationStreamError code `cannot-encode` for values that the wire cannot represent, `io` from the sink
   */
  async write(event: StreamEvent): Promise<void> {
    switch (event.kind) {
      case 'header':
        return this.record(fileHeader, { magic: QEMU_VM_FILE_MAGIC, version: event.version });
      case 'configuration':
        await this.type(sectionType.configuration);
        return this.record(configurationSection, event.configuration);
      case 'section-open':
        await this.type(sectionType[event.type]);
        return event.type === 'start' || event.type === 'full'
          ? this.record(sectionHeader, event.section)
          : this.record(sectionHeaderShort, event.section);
      case 'ram-blocks': {
        if (!event.continues)
          await this.record(pageHeader(event.targetPageSize), { address: event.total, flags: event.flags });
        const entry = ramBlockEntry(event.layout, event.targetPageSize);
        for (const block of event.blocks) await this.record(entry, block);
        return;
      }
      case 'pages':
        return this.writePages(this.emitter, event.runs);
      case 'ram-mark':
        return this.record(pageHeader(event.targetPageSize), event);
      case 'payload':
      case 'mapped-area':
        this.refuseSkipped(event);
        return this.emitter.copy(event.bytes);
      case 'trailing':
        return this.emitter.copy(event.bytes);
      case 'section-close':
        if (event.footer)
          await this.record(sectionFooter, { mark: sectionType.footer, sectionId: event.section.sectionId });
        return;
      case 'command':
        await this.type(sectionType.command);
        await this.record(commandHeader, { command: event.command, length: event.payload.length });
        return this.emitter.copy(event.payload);
      case 'eof':
        return this.type(sectionType.eof);
      case 'vmdescription':
        await this.emitter.reserve(5);
        this.emitter.u8(sectionType.vmdescription);
        this.emitter.u32(event.json.length);
        return this.emitter.copy(event.json);
      case 'mapped-pages':
      case 'package-open':
      case 'package-close':
      case 'dialect':
      case 'warning':
        return;
      default:
        never(event);
    }
  }

  /** Writes unchanged bytes in place of an event. */
  copy(bytes: Uint8Array): Promise<void> {
    return this.emitter.copy(bytes);
  }

  /** Writes `count` zeros: a hole where the sink can leave a hole. */
  skip(count: number): Promise<void> {
    return this.emitter.skip(count);
  }

  /** Hands all written bytes to the sink. */
  flush(): Promise<void> {
    return this.emitter.flush();
  }

  /** Everything is written: flush, and make the output appear. */
  async finish(): Promise<void> {
    await this.flush();
    await this.sink.commit();
  }

  private async type(byte: number): Promise<void> {
    await this.emitter.reserve(1);
    this.emitter.u8(byte);
  }

  private async record<T>(codec: Codec<T>, value: T): Promise<void> {
    await this.emitter.reserve(codec.size(value));
    codec.encode(this.emitter, value);
  }

  private refuseSkipped(event: Extract<StreamEvent, { kind: 'payload' | 'mapped-area' }>): void {
    const { bytes, span } = event;
    if (bytes.length === 0 && span.end > span.start) {
      throw cannotEncode("the bytes of this event were skipped: read with `bodies: 'all'`");
    }
  }
}
