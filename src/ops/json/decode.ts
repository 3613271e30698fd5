// Stream to document, piece by piece: items come out as they are read, bulk goes to the RAM sink. May import what
// stands below ops, and its own folder.

import { EditError } from '../rewrite/edit.js';
import { hex, latin1 } from '../../bytes/window.js';
import type { ByteSink } from '../../bytes/source.js';
import { pageKindNames } from '../../ram/page-runs.js';
import type { StreamEvent } from '../../stream/event.js';
import { commandName } from '../../wire/command.js';
import type { Configuration } from '../../wire/configuration.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import type { MigrationStream } from '../open-stream.js';
import type { DocumentBlock, DocumentItem, DocumentSubsection } from './document.js';

/**
 * The items of `stream`, in order. Bytes of page records and mapped-ram areas are written to `ram`; without one a
 * stream that has any is refused.
 * @throws MigrationStreamError as reading throws; EditError `refused` without a place for RAM
 */
export async function* decodeItems(stream: MigrationStream, ram: ByteSink | undefined): AsyncGenerator<DocumentItem> {
  let at = 0;
  const payload: Uint8Array[] = [];
  for await (const event of stream.events()) {
    switch (event.kind) {
      case 'pages':
      case 'mapped-area': {
        const bytes = event.kind === 'pages' ? stream.raw(event.span) : event.bytes;
        if (ram === undefined) throw new EditError('refused', 'the stream has page records, and they do not fit a JSON document', '--ram FILE keeps them beside it');
        if (bytes === undefined) throw new TypeError('page records are not in hand');
        await ram.write(bytes);
        const reference = { at, length: bytes.length };
        at += bytes.length;
        yield event.kind === 'pages' ? { kind: 'pages', ram: reference, records: recordsOf(event) } : { kind: 'mapped-area', block: event.block, ram: reference };
        break;
      }
      case 'payload':
        // One item for a whole payload, however it was cut by the reading.
        payload.push(event.bytes.slice());
        if (!event.last) break;
        yield { kind: 'payload', boundary: event.boundary, bytes: toHex(Buffer.concat(payload)) };
        payload.length = 0;
        break;
      default: {
        const item = itemOf(event);
        if (item !== undefined) yield item;
      }
    }
  }
}

function itemOf(event: Exclude<StreamEvent, { kind: 'pages' | 'mapped-area' | 'payload' }>): DocumentItem | undefined {
  switch (event.kind) {
    case 'header':
      return { kind: 'header', version: event.version };
    case 'configuration':
      return { kind: 'configuration', machine: event.configuration.machine, subsections: subsectionsOf(event.configuration) };
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
      return { kind: 'ram-mark', mark: event.mark, flags: event.flags, address: event.address, targetPageSize: event.targetPageSize };
    case 'section-close':
      return { kind: 'section-close', footer: event.footer };
    case 'command':
      return { kind: 'command', command: event.command, name: commandName(event.command), payload: toHex(event.payload) };
    case 'eof':
      return { kind: 'eof' };
    case 'vmdescription':
      return { kind: 'vmdescription', text: latin1(event.json, 0, event.json.length) };
    case 'trailing':
      return { kind: 'trailing', bytes: toHex(event.bytes) };
    case 'package-open':
    case 'package-close':
    case 'dialect':
    case 'warning':
      return undefined;
  }
}

function recordsOf(event: Extract<StreamEvent, { kind: 'pages' }>): Record<string, number> {
  const records: Record<string, number> = {};
  const { runs } = event;
  for (let i = 0; i < runs.count; i += 1) {
    const name = pageKindNames[runs.kind[i]!]!;
    records[name] = (records[name] ?? 0) + runs.pages[i]!;
  }
  return records;
}

function blockOf(block: RamBlockEntry): DocumentBlock {
  const { gpa, ...rest } = block;
  return { ...rest, ...(gpa === undefined ? {} : { gpa: hex(gpa) }) };
}

function subsectionsOf(configuration: Configuration): DocumentSubsection[] {
  return configuration.subsections.map((part) => {
    switch (part.kind) {
      case 'uuid':
        return { kind: part.kind, version: part.version, uuid: toHex(part.uuid) };
      case 'unknown':
        return { kind: part.kind, version: part.version, name: part.name, bytes: toHex(part.bytes) };
      case 'target-page-bits':
      case 'capabilities':
        return part;
    }
  });
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
