// Document to stream: the mirror of decode.ts. check.ts has held the document against its shape before it comes here;
// what a shape cannot say (a reference past the end of the RAM file) is checked here.

import type { Hint } from '../../base/hint.js';
import { hexBytes, latin1Bytes } from '../../base/bytes.js';
import { MigrationStreamError } from '../../base/errors.js';
import { span } from '../../base/span.js';
import { abortable } from '../../bytes/abort.js';
import { readSource, type ByteSink, type ByteSource } from '../../bytes/source.js';
import type { StreamEvent } from '../../stream/event.js';
import type { Configuration } from '../../wire/configuration.js';
import { layouts } from '../../wire/dialect.js';
import type { SectionHeader } from '../../wire/section.js';
import { StreamOutput } from '../rewrite/output.js';
import type { DecodedDocument, DocumentItem, RamReference } from './document.js';
import { fieldBytes } from './field-bytes.js';

const NOWHERE = span(0, 0);
const CHUNK = 1024 * 1024;

export interface EncodeOptions {
  /** How much further in than before the stream will begin in its file, bytes; mapped-ram offsets follow. Default 0. */
  readonly shift?: number;
  /** Ends the work: it is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes the stream that `document` describes; what counts or places other bytes (PACKAGED, mapped-ram headers) follows
 * them. Does not commit the sink. Answers the bytes written.
 * @throws MigrationStreamError code `cannot-encode`; Refused when mapped-ram pages would have to move
 */
export async function encodeDocument(
  document: DecodedDocument,
  ram: ByteSource | undefined,
  sink: ByteSink,
  { shift = 0, signal }: EncodeOptions = {},
): Promise<number> {
  const output = new StreamOutput(sink, Number.POSITIVE_INFINITY, shift);
  let section: SectionHeader | undefined;
  for (const [index, item] of document.items.entries()) {
    signal?.throwIfAborted();
    if (item.kind === 'pages' || item.kind === 'mapped-area') {
      const write =
        item.kind === 'pages'
          ? (bytes: Uint8Array) => output.bytes(bytes)
          : (bytes: Uint8Array) => output.areaBytes(bytes);
      await copyRam(write, ram && abortable(ram, signal), item.ram, index);
      continue;
    }
    if (item.kind === 'section-open') section = item;
    const event = eventOf(item, section, index);
    await output.put(event, undefined, areaAt(item, document.items[index + 1]));
  }
  await output.flush();
  return output.position;
}

/** Where in the stream that was decoded a mapped-ram area began: it ends where its pages do. */
function areaAt(item: DocumentItem, next: DocumentItem | undefined): number | null {
  const last = item.kind === 'ram-blocks' ? item.blocks.at(-1) : undefined;
  if (last?.mapped === undefined || next?.kind !== 'mapped-area') return null;
  return last.mapped.pagesOffset + last.usedLength - next.ram.length;
}

function eventOf(
  item: Exclude<DocumentItem, { kind: 'pages' | 'mapped-area' }>,
  section: SectionHeader | undefined,
  index: number,
): StreamEvent {
  const span = NOWHERE;
  switch (item.kind) {
    case 'header':
    case 'eof':
    case 'ram-mark':
    case 'package-close':
      return { ...item, span };
    case 'package-open':
      return { ...item, length: 0, span };
    case 'configuration':
      return { kind: 'configuration', configuration: configurationOf(item, index), span };
    case 'section-open': {
      const { kind, type, ...header } = item;
      return { kind, type, section: header, span };
    }
    case 'ram-blocks': {
      const blocks = item.blocks.map(({ gpa, ...rest }) => ({
        ...rest,
        ...(gpa === undefined ? {} : { gpa: BigInt(gpa) }),
      }));
      const total = item.total ?? blocks.reduce((sum, block) => sum + block.usedLength, 0);
      return { ...item, total, layout: layouts[item.layout], blocks, span };
    }
    case 'payload':
      return {
        kind: 'payload',
        section: opened(section, index),
        boundary: item.boundary ?? 'decoder',
        bytes: payloadOf(item, index),
        last: true,
        span,
      };
    case 'section-close':
      return { kind: 'section-close', section: opened(section, index), footer: item.footer, span };
    case 'command':
      return { kind: 'command', command: item.command, payload: fromHex(item.payload, index), span };
    case 'vmdescription':
      return { kind: 'vmdescription', json: latin1Bytes(item.text), span };
    case 'trailing':
      return { kind: 'trailing', bytes: fromHex(item.bytes, index), span };
  }
}

function configurationOf(item: Extract<DocumentItem, { kind: 'configuration' }>, index: number): Configuration {
  return {
    machine: item.machine,
    subsections: item.subsections.map((part) => {
      switch (part.kind) {
        case 'uuid':
          return { ...part, uuid: fromHex(part.uuid, index) };
        case 'unknown':
          return { ...part, bytes: fromHex(part.bytes, index) };
        case 'target-page-bits':
        case 'capabilities':
          return part;
      }
    }),
  };
}

async function copyRam(
  write: (bytes: Uint8Array) => Promise<void>,
  ram: ByteSource | undefined,
  reference: RamReference,
  index: number,
): Promise<void> {
  if (ram === undefined) throw bad(index, 'refers to page records, but there is no RAM file', { code: 'ram-file' });
  const buffer = new Uint8Array(Math.min(CHUNK, reference.length));
  for (let done = 0; done < reference.length;) {
    const got = await readSource(
      ram,
      buffer.subarray(0, Math.min(buffer.length, reference.length - done)),
      reference.at + done,
    );
    if (got === 0) throw bad(index, `refers to bytes behind the end of ${ram.label}`);
    await write(buffer.subarray(0, got));
    done += got;
  }
}

function opened(section: SectionHeader | undefined, index: number): SectionHeader {
  if (section === undefined) throw bad(index, 'stands in no section');
  return section;
}

function payloadOf(item: Extract<DocumentItem, { kind: 'payload' }>, index: number): Uint8Array {
  return 'fields' in item ? fieldBytes(item.fields, ['document', `items[${index}]`]) : fromHex(item.bytes, index);
}

function fromHex(text: string, index: number): Uint8Array {
  const bytes = hexBytes(text);
  if (bytes.length * 2 !== text.length) throw bad(index, 'has bytes that are no hex');
  return bytes;
}

function bad(index: number, what: string, hint?: Hint): MigrationStreamError {
  return new MigrationStreamError({
    code: 'cannot-encode',
    message: `item ${index} ${what}`,
    path: ['document', `items[${index}]`],
    hint,
  });
}
