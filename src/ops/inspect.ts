// What a stream holds, gathered from its events in bounded memory: configuration, dialect, producer, a map of its
// items, the RAM block table, totals, warnings. A stream that breaks in the middle gives all that was read before, and
// the error. Findings are values; only a source that cannot be read at all throws.

import { MigrationStreamError } from '../base/errors.js';
import type { Span } from '../base/span.js';
import { MAX_MAP_ROWS } from '../limits.js';
import type { DialectEvent } from '../ram/event.js';
import type { MergeFacts } from '../ram/channels/merge.js';
import { PageIndex } from '../ram/page-index.js';
import type { Boundary, StreamEvent, WarningCode } from '../stream/event.js';
import { commandName } from '../wire/command.js';
import { capabilitiesOf, type Configuration } from '../wire/configuration.js';
import type { BlockLayout } from '../wire/dialect.js';
import type { RamBlockEntry } from '../wire/ram-block.js';
import type { SectionHeader } from '../wire/section.js';
import { blockRows, type BlockRow } from './block-rows.js';
import type { MigrationStream } from '../open/open-stream.js';
import { ProducerClues, type Producer } from '../open/producer.js';

/** One row of the map: an item, or a stretch of PARTs of one section. Spans are absolute, in bytes. */
export interface MapRow {
  readonly kind:
    'header' | 'configuration' | 'start' | 'part' | 'end' | 'full' | 'command' | 'eof' | 'vmdescription' | 'trailing';
  readonly span: Span;
  /** Items in the row: more than one only for PARTs. */
  readonly count: number;
  readonly section?: SectionHeader;
  /** Bytes of payload in all items of the row. */
  readonly payload?: number;
  readonly boundary?: Boundary;
  readonly command?: string;
  /** Inside how many PACKAGED blobs. */
  readonly depth: number;
}

export interface StreamWarning {
  readonly code: WarningCode;
  readonly message: string;
  readonly offset: number;
  readonly path: readonly string[];
}

export interface Totals {
  /** Bytes read: the size of the input when it is whole. */
  readonly bytes: number;
  /** Page records, and the bytes they take. */
  readonly pages: number;
  readonly pageBytes: number;
  /** Payloads other than RAM. */
  readonly deviceBytes: number;
  readonly vmdescriptionBytes: number;
  readonly trailingBytes: number;
}

export interface Inspection {
  readonly label: string;
  /** Undefined for a pipe. */
  readonly size: number | undefined;
  /** The EOF byte and everything before it was read. */
  readonly complete: boolean;
  readonly error: MigrationStreamError | undefined;
  readonly configuration: Configuration | undefined;
  readonly capabilities: readonly string[] | undefined;
  readonly dialect: {
    readonly layout: DialectEvent | undefined;
    readonly targetPageSize: DialectEvent | undefined;
    readonly footers: DialectEvent | undefined;
    /** Where the stream begins in its container, as mapped-ram offsets show; undefined at 0. */
    readonly mappedBase: DialectEvent | undefined;
  };
  readonly producer: Producer;
  readonly map: readonly MapRow[];
  /** Rows that were not kept. */
  readonly omittedRows: number;
  readonly blocks: readonly BlockRow[];
  /** Which pages of each block came, by the block's place in `blocks`. */
  readonly pageIndex: PageIndex;
  readonly totals: Totals;
  /** What the multifd channels beside the stream held, where they were given. */
  readonly channels?: MergeFacts;
  readonly warnings: readonly StreamWarning[];
}

/**
 * Reads `stream` to its end or to its first error. `watch` sees every event as it comes (loans included).
 * @throws whatever `watch` throws, and errors that are not MigrationStreamErrors
 */
export async function inspect(
  stream: MigrationStream,
  watch?: (event: StreamEvent) => void | Promise<void>,
): Promise<Inspection> {
  const gatherer = new Gatherer();
  let error: MigrationStreamError | undefined;
  const events = stream.events();
  for (;;) {
    let next: IteratorResult<StreamEvent>;
    try {
      next = await events.next();
    } catch (thrown) {
      if (!(thrown instanceof MigrationStreamError)) throw thrown;
      error = thrown;
      break;
    }
    if (next.done === true) break;
    gatherer.observe(next.value);
    if (watch !== undefined) await watch(next.value);
  }
  return gatherer.result(stream, error);
}

class Gatherer {
  private readonly clues = new ProducerClues();
  private readonly index = new PageIndex();
  private readonly map: MapRow[] = [];
  private readonly warnings: StreamWarning[] = [];
  private readonly dialect = new Map<DialectEvent['fact'], DialectEvent>();
  /** PARTs since the last item that was none: one row for each section. */
  private readonly parts = new Map<number, MapRow>();
  private omitted = 0;
  private configuration: Configuration | undefined;
  private blocks: RamBlockEntry[] = [];
  private layout: BlockLayout | undefined;
  private pageSize = 4096;
  private open: { row: MapRow; payload: number; boundary: Boundary | undefined } | undefined;
  private depth = 0;
  private eof = false;
  private readonly bytes = { read: 0, pages: 0, records: 0, device: 0, vmdescription: 0, trailing: 0 };

  observe(event: StreamEvent): void {
    this.clues.observe(event);
    const length = event.span.end - event.span.start;
    this.bytes.read = Math.max(this.bytes.read, event.span.end);
    switch (event.kind) {
      case 'header':
      case 'eof':
        this.eof ||= event.kind === 'eof' && this.depth === 0;
        this.item({ kind: event.kind, span: event.span, count: 1, depth: this.depth });
        return;
      case 'configuration':
        this.configuration = event.configuration;
        this.item({ kind: 'configuration', span: event.span, count: 1, depth: 0 });
        return;
      case 'vmdescription':
        this.bytes.vmdescription += length;
        this.item({ kind: 'vmdescription', span: event.span, count: 1, depth: 0 });
        return;
      case 'trailing':
        this.trailing(event.span);
        return;
      case 'command':
        this.item({
          kind: 'command',
          span: event.span,
          count: 1,
          command: commandName(event.command),
          depth: this.depth,
        });
        return;
      case 'package-open':
        this.depth += 1;
        return;
      case 'package-close':
        this.depth -= 1;
        return;
      case 'section-open':
        this.open = {
          row: { kind: event.type, span: event.span, count: 1, section: event.section, depth: this.depth },
          payload: 0,
          boundary: event.section.idstr === 'ram' ? 'decoder' : undefined,
        };
        return;
      case 'section-close':
        this.close(event.span.end);
        return;
      case 'ram-blocks':
        if (!event.continues) this.blocks = [];
        this.blocks.push(...event.blocks);
        this.layout = event.layout;
        this.pageSize = event.targetPageSize;
        this.payload(length);
        return;
      case 'pages':
        this.index.add(event.runs);
        this.bytes.pages += length;
        this.bytes.records += event.runs.records;
        this.payload(length);
        return;
      case 'mapped-pages':
        this.index.add(event.runs);
        return;
      case 'payload':
        this.bytes.device += length;
        if (this.open !== undefined) this.open.boundary = event.boundary;
        this.payload(length);
        return;
      case 'mapped-area':
      case 'ram-mark':
        this.payload(length);
        return;
      case 'dialect':
        this.dialect.set(event.fact, event);
        return;
      case 'warning':
        this.warnings.push({ code: event.code, message: event.message, offset: event.span.start, path: event.path });
    }
  }

  result(stream: MigrationStream, error: MigrationStreamError | undefined): Inspection {
    // The section in which it broke belongs on the map as well.
    if (error !== undefined && this.open !== undefined) this.close(this.bytes.read);
    this.flushParts();
    const complete = this.eof;
    return {
      label: stream.source.label,
      size: stream.source.size,
      complete,
      error,
      configuration: this.configuration,
      capabilities: capabilitiesOf(this.configuration),
      dialect: {
        layout: this.dialect.get('layout'),
        targetPageSize: this.dialect.get('target-page-size'),
        footers: this.dialect.get('footers'),
        mappedBase: this.dialect.get('mapped-base'),
      },
      producer: this.clues.producer,
      map: this.map,
      omittedRows: this.omitted,
      blocks: blockRows(this.blocks, this.layout, this.index, this.pageSize, complete),
      pageIndex: this.index,
      totals: {
        bytes: this.bytes.read,
        pages: this.bytes.records,
        pageBytes: this.bytes.pages,
        deviceBytes: this.bytes.device,
        vmdescriptionBytes: this.bytes.vmdescription,
        trailingBytes: this.bytes.trailing,
      },
      warnings: this.warnings,
    };
  }

  private payload(length: number): void {
    if (this.open !== undefined) this.open.payload += length;
  }

  private close(end: number): void {
    const { row, payload, boundary } = this.open!;
    this.open = undefined;
    const closed: MapRow = {
      ...row,
      span: { start: row.span.start, end },
      payload,
      ...(boundary === undefined ? {} : { boundary }),
    };
    if (row.kind !== 'part') {
      this.item(closed);
      return;
    }
    const id = row.section!.sectionId;
    const before = this.parts.get(id);
    if (before === undefined) {
      this.parts.set(id, closed);
      return;
    }
    this.parts.set(id, {
      ...closed,
      span: { start: before.span.start, end },
      count: before.count + 1,
      payload: before.payload! + payload,
    });
  }

  private item(row: MapRow): void {
    this.flushParts();
    this.keep(row);
  }

  private flushParts(): void {
    for (const row of [...this.parts.values()].sort((a, b) => a.span.start - b.span.start)) this.keep(row);
    this.parts.clear();
  }

  private keep(row: MapRow): void {
    if (this.map.length < MAX_MAP_ROWS) this.map.push(row);
    else this.omitted += 1;
  }

  private trailing(span: Span): void {
    const last = this.map.at(-1);
    this.bytes.trailing += span.end - span.start;
    if (last?.kind === 'trailing' && last.span.end === span.start)
      this.map[this.map.length - 1] = { ...last, span: { start: last.span.start, end: span.end } };
    else this.item({ kind: 'trailing', span, count: 1, depth: this.depth });
  }
}
