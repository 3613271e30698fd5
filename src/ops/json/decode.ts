// Stream to document, piece by piece: items come out as they are read, bulk goes to the RAM sink.

import { Refused } from '../../base/refused.js';
import { concatBytes, hexDigits } from '../../base/bytes.js';
import { MigrationStreamError } from '../../base/errors.js';
import { writeWithHoles } from '../../bytes/holes.js';
import { hex, latin1 } from '../../bytes/window.js';
import { MAX_DOCUMENT_PAYLOAD } from '../../limits.js';
import { pageKindNames, type PageRuns } from '../../ram/page-runs.js';
import type { StreamEvent } from '../../stream/event.js';
import { commandName } from '../../wire/command.js';
import type { Configuration } from '../../wire/configuration.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import type { MigrationStream } from '../../open/open-stream.js';
import type { Layouts } from '../devices/stream-device.js';
import type { DocumentBlock, DocumentItem, DocumentSubsection } from './document.js';
import { withFields } from './fields.js';

/** Where page records and mapped-ram areas go; zeros in areas are left as holes. */
export interface RamFile {
  write(bytes: Uint8Array): Promise<void>;
  skip(length: number): Promise<void>;
}

export interface DecodeOptions {
  /** Payloads of devices as fields, where their layout is known; false: all as hex. Default true. */
  readonly fields?: boolean;
  /** Layouts for devices that the stream itself does not describe. */
  readonly layouts?: Layouts | undefined;
}

/**
 * The items of `stream`, in order. Bytes of page records and mapped-ram areas are written to `ram`; without one a
 * stream that has any is refused.
 * @throws MigrationStreamError as reading throws, `limit-exceeded` for a payload no document should hold; Refused
 *   `refused` without a place for RAM
 */
export function decodeItems(
  stream: MigrationStream,
  ram: RamFile | undefined,
  { fields = true, layouts }: DecodeOptions = {},
): AsyncGenerator<DocumentItem> {
  const items = hexItems(stream, ram);
  return fields ? withFields(items, stream, layouts) : items;
}

async function* hexItems(stream: MigrationStream, ram: RamFile | undefined): AsyncGenerator<DocumentItem> {
  const payload = new Gathered();
  const trailing = new Gathered();
  const bulk = new Bulk(ram);
  for await (const event of stream.events()) {
    if (event.kind === 'pages' || event.kind === 'mapped-area') {
      if (event.kind === 'pages' || event.block !== bulk.block) yield* bulk.end(event.kind === 'pages');
      const bytes = event.kind === 'pages' ? stream.raw(event.span) : event.bytes;
      if (bytes === undefined) throw new TypeError('page records are not in hand');
      await bulk.add(event, bytes);
      continue;
    }
    // What only informs does not part pages.
    if (event.kind === 'dialect' || event.kind === 'warning' || event.kind === 'mapped-pages') continue;
    yield* bulk.end(false);
    if (event.kind === 'payload') {
      // One item for a whole payload, however it was cut by the reading.
      payload.add(event.bytes, event.span.start);
      if (event.last) yield { kind: 'payload', boundary: event.boundary, bytes: payload.take() };
    } else if (event.kind === 'trailing') {
      // Behind the end of the stream stands what QEMU does not read; a document keeps it where one look has all of it.
      if (event.more !== true) trailing.add(event.bytes, event.span.start);
    } else {
      if (trailing.length > 0) yield { kind: 'trailing', bytes: trailing.take() };
      yield itemOf(event);
    }
  }
  if (trailing.length > 0) yield { kind: 'trailing', bytes: trailing.take() };
}

/** Pieces of one thing that stands in the document itself. */
class Gathered {
  private readonly parts: Uint8Array[] = [];
  length = 0;

  add(bytes: Uint8Array, offset: number): void {
    this.length += bytes.length;
    if (this.length > MAX_DOCUMENT_PAYLOAD) {
      throw new MigrationStreamError({
        code: 'limit-exceeded',
        message: `more than ${MAX_DOCUMENT_PAYLOAD} bytes in one piece, too many for a JSON document`,
        offset,
      });
    }
    this.parts.push(bytes.slice());
  }

  take(): string {
    const text = hexDigits(concatBytes(this.parts));
    this.parts.length = 0;
    this.length = 0;
    return text;
  }
}

type BulkEvent = Extract<StreamEvent, { kind: 'pages' | 'mapped-area' }>;

/** What goes to the RAM file: events that follow each other are one item. */
class Bulk {
  private readonly ram: RamFile | undefined;
  private at = 0;
  private start = 0;
  private records: Record<string, number> | undefined;
  /** Of the area that is open. */
  block: number | undefined;

  constructor(ram: RamFile | undefined) {
    this.ram = ram;
  }

  async add(event: BulkEvent, bytes: Uint8Array): Promise<void> {
    if (this.ram === undefined)
      throw new Refused('refused', 'the stream has page records, and they do not fit a JSON document', {
        code: 'ram-file',
      });
    if (event.kind === 'pages') count(event.runs, (this.records ??= {}));
    else this.block = event.block;
    this.at += bytes.length;
    await (event.kind === 'pages' ? this.ram.write(bytes) : writeWithHoles(this.ram, bytes, this.at - bytes.length));
  }

  /** The item that is open; `goesOn`: page records follow, and belong to it if it is of page records. */
  *end(goesOn: boolean): Generator<DocumentItem> {
    if (goesOn && this.records !== undefined) return;
    const ram = { at: this.start, length: this.at - this.start };
    const { records, block } = this;
    this.records = undefined;
    this.block = undefined;
    this.start = this.at;
    if (records !== undefined) yield { kind: 'pages', ram, records };
    else if (block !== undefined) yield { kind: 'mapped-area', block, ram };
  }
}

type Other = Exclude<
  StreamEvent,
  { kind: 'pages' | 'mapped-area' | 'mapped-pages' | 'payload' | 'trailing' | 'dialect' | 'warning' }
>;

function itemOf(event: Other): DocumentItem {
  switch (event.kind) {
    case 'header':
      return { kind: 'header', version: event.version };
    case 'configuration':
      return {
        kind: 'configuration',
        machine: event.configuration.machine,
        subsections: subsectionsOf(event.configuration),
      };
    case 'section-open':
      return { kind: 'section-open', type: event.type, ...event.section };
    case 'ram-blocks': {
      const sum = event.blocks.reduce((total, block) => total + block.usedLength, 0);
      return {
        kind: 'ram-blocks',
        layout: event.layout.name,
        targetPageSize: event.targetPageSize,
        // A number that follows from the others would have to be edited with them.
        ...(event.total === sum && !event.continues ? {} : { total: event.total }),
        flags: event.flags,
        continues: event.continues,
        blocks: event.blocks.map(blockOf),
      };
    }
    case 'ram-mark':
      return {
        kind: 'ram-mark',
        mark: event.mark,
        flags: event.flags,
        address: event.address,
        targetPageSize: event.targetPageSize,
      };
    case 'section-close':
      return { kind: 'section-close', footer: event.footer };
    case 'command':
      return {
        kind: 'command',
        command: event.command,
        name: commandName(event.command),
        payload: hexDigits(event.payload),
      };
    case 'eof':
      return { kind: 'eof' };
    case 'vmdescription':
      return { kind: 'vmdescription', text: latin1(event.json, 0, event.json.length) };
    case 'package-open':
    case 'package-close':
      return { kind: event.kind };
  }
}

function count(runs: PageRuns, records: Record<string, number>): void {
  for (let i = 0; i < runs.count; i += 1) {
    const name = pageKindNames[runs.kind[i]!]!;
    records[name] = (records[name] ?? 0) + runs.pages[i]!;
  }
}

function blockOf(block: RamBlockEntry): DocumentBlock {
  const { gpa, ...rest } = block;
  return { ...rest, ...(gpa === undefined ? {} : { gpa: hex(gpa) }) };
}

function subsectionsOf(configuration: Configuration): DocumentSubsection[] {
  return configuration.subsections.map((part) => {
    switch (part.kind) {
      case 'uuid':
        return { kind: part.kind, version: part.version, uuid: hexDigits(part.uuid) };
      case 'unknown':
        return { kind: part.kind, version: part.version, name: part.name, bytes: hexDigits(part.bytes) };
      case 'target-page-bits':
      case 'capabilities':
        return part;
    }
  });
}
