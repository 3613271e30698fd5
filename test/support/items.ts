// A stream as a list of plain values, the same however it was chunked: runs taken apart into pages, chunks of a payload
// joined, loans copied. What a model is written from, and what reading is compared by.
import { inspect, isDeepStrictEqual } from 'node:util';
import { MigrationStreamError } from '../../src/base/errors.js';
import type { Span } from '../../src/base/span.js';
import type { ByteSource } from '../../src/bytes/source.js';
import { openStream, type OpenOptions } from '../../src/open/open-stream.js';
import type { PageValue } from '../../src/ram/page-builder.js';
import type { RamMark } from '../../src/ram/event.js';
import { pageKindNames, type PageRuns } from '../../src/ram/page-runs.js';
import type { StreamEvent } from '../../src/stream/event.js';
import type { Configuration } from '../../src/wire/configuration.js';
import type { LayoutName } from '../../src/wire/dialect.js';
import type { RamBlockEntry } from '../../src/wire/ram-block.js';
import type { SectionHeader, SectionKind } from '../../src/wire/section.js';

export type Item =
  | { readonly kind: 'header' }
  | { readonly kind: 'configuration'; readonly configuration: Configuration }
  | { readonly kind: 'section-open'; readonly type: SectionKind; readonly section: SectionHeader }
  | {
      readonly kind: 'ram-blocks';
      readonly total: number;
      readonly flags: number;
      readonly layout: LayoutName;
      readonly pageSize: number;
      readonly blocks: readonly RamBlockEntry[];
      readonly continues: boolean;
    }
  | { readonly kind: 'mapped-area'; readonly block: number; bytes: Uint8Array }
  | { readonly kind: 'page'; readonly page: PageValue }
  | { readonly kind: 'ram-mark'; readonly mark: RamMark; readonly flags: number; readonly address: number }
  | { readonly kind: 'payload'; bytes: Uint8Array }
  | { readonly kind: 'section-close'; readonly footer: boolean }
  | { readonly kind: 'command'; readonly command: number; readonly payload: Uint8Array }
  | { readonly kind: 'package-open' | 'package-close' | 'eof' }
  | { readonly kind: 'vmdescription'; readonly json: Uint8Array }
  | { readonly kind: 'trailing'; bytes: Uint8Array };

export interface Failure {
  readonly code: string;
  readonly offset: number | undefined;
  readonly message: string;
  readonly path: readonly string[];
}

export interface Reading {
  readonly items: Item[];
  /** Undefined: read to the end. Anything but a MigrationStreamError is thrown on. */
  readonly failure: Failure | undefined;
  /** Facts that were found out, by name. */
  readonly facts: ReadonlyMap<string, Extract<StreamEvent, { kind: 'dialect' }>>;
  readonly warnings: readonly string[];
  /** idstr and boundary of each payload. */
  readonly boundaries: readonly string[];
  readonly events: number;
  /** Where the last event ended. */
  readonly end: number;
}

/** Reads it all. Throws when spans do not tile the input or anything untyped is thrown. */
export async function readItems(input: ByteSource | Uint8Array, options: OpenOptions = {}): Promise<Reading> {
  const items: Item[] = [];
  const facts = new Map<string, Extract<StreamEvent, { kind: 'dialect' }>>();
  const warnings: string[] = [];
  const boundaries: string[] = [];
  let events = 0;
  let end = 0;
  let failure: Failure | undefined;
  let open = false;
  try {
    const stream = await openStream(input, options);
    for await (const event of stream.events()) {
      events += 1;
      end = checkSpan(event.kind, event.span, end);
      if (event.kind === 'dialect') facts.set(event.fact, event);
      if (event.kind === 'warning') warnings.push(event.code);
      if (event.kind === 'payload' && event.last) boundaries.push(`${event.section.idstr} ${event.boundary}`);
      open = append(items, event, open);
    }
    await stream.close();
  } catch (error) {
    if (!(error instanceof MigrationStreamError)) throw error;
    failure = { code: error.code, offset: error.offset, message: error.message, path: error.path };
  }
  return { items, failure, facts, warnings, boundaries, events, end };
}

function checkSpan(kind: string, { start, end }: Span, at: number): number {
  if (kind === 'dialect' || kind === 'warning') {
    if (end !== start || start > at) throw new TypeError(`${kind} has the span ${start}-${end} at ${at}`);
    return at;
  }
  if (start !== at || end < start)
    throw new TypeError(`${kind} has the span ${start}-${end}, the one before ended at ${at}`);
  return end;
}

/** Adds what the event says; true while a chunked thing is open. */
function append(items: Item[], event: StreamEvent, open: boolean): boolean {
  switch (event.kind) {
    case 'header':
    case 'package-open':
    case 'package-close':
    case 'eof':
      items.push({ kind: event.kind });
      return false;
    case 'configuration':
      items.push({ kind: 'configuration', configuration: event.configuration });
      return false;
    case 'section-open':
      items.push({ kind: 'section-open', type: event.type, section: short(event.type, event.section) });
      return false;
    case 'ram-blocks': {
      const { total, flags, layout, targetPageSize, blocks, continues } = event;
      items.push({
        kind: 'ram-blocks',
        total,
        flags,
        layout: layout.name,
        pageSize: targetPageSize,
        blocks: [...blocks],
        continues,
      });
      return false;
    }
    case 'pages':
      for (const page of pagesOf(event.runs)) items.push({ kind: 'page', page });
      return false;
    case 'ram-mark':
      items.push({ kind: 'ram-mark', mark: event.mark, flags: event.flags, address: event.address });
      return false;
    case 'mapped-area':
      chunk(items, open, event.bytes, (bytes) => ({ kind: 'mapped-area', block: event.block, bytes }));
      return !event.last;
    case 'payload':
      chunk(items, open, event.bytes, (bytes) => ({ kind: 'payload', bytes }));
      return !event.last;
    case 'trailing':
      chunk(items, open, event.bytes, (bytes) => ({ kind: 'trailing', bytes }));
      return true;
    case 'section-close':
      items.push({ kind: 'section-close', footer: event.footer });
      return false;
    case 'command':
      items.push({ kind: 'command', command: event.command, payload: event.payload });
      return false;
    case 'vmdescription':
      items.push({ kind: 'vmdescription', json: event.json });
      return false;
    case 'mapped-pages':
    case 'dialect':
    case 'warning':
      return open;
  }
}

function chunk(items: Item[], open: boolean, bytes: Uint8Array, make: (bytes: Uint8Array) => Item): void {
  const last = items.at(-1);
  if (open && last !== undefined && 'bytes' in last) last.bytes = Uint8Array.from(Buffer.concat([last.bytes, bytes]));
  else items.push(make(Uint8Array.from(bytes)));
}

/** PART and END say only the id. */
export function short(type: SectionKind, section: SectionHeader): SectionHeader {
  return type === 'start' || type === 'full'
    ? section
    : { sectionId: section.sectionId, idstr: '', instanceId: 0, versionId: 0 };
}

export function pagesOf(runs: PageRuns): PageValue[] {
  const pages: PageValue[] = [];
  for (let i = 0; i < runs.count; i += 1) {
    for (let k = 0; k < runs.pages[i]!; k += 1) {
      const at = runs.bodyAt(i, k);
      pages.push({
        kind: pageKindNames[runs.kind[i]!]!,
        block: runs.block[i]!,
        addr: runs.addr[i]! + k * runs.pageSize,
        named: runs.named[i] === 1,
        body: runs.bytes.slice(at, at + runs.length[i]!),
      });
    }
  }
  return pages;
}

/** Where two readings part, in words; undefined when they do not. */
export function difference(actual: readonly Item[], expected: readonly Item[]): string | undefined {
  for (let i = 0; i < Math.max(actual.length, expected.length); i += 1) {
    const [one, other] = [canonical(actual[i]), canonical(expected[i])];
    if (!isDeepStrictEqual(one, other)) return `item ${i}: ${show(one)} instead of ${show(other)}`;
  }
  return undefined;
}

const show = (value: unknown): string => inspect(value, { depth: 5, maxArrayLength: 40, breakLength: 160 });

/** For comparing: layouts that read the same entries from the same bytes are one. */
function canonical(item: Item | undefined): unknown {
  if (item?.kind !== 'ram-blocks') return item;
  const { layout, ...rest } = item;
  const plain = layout === 'postcopy' && item.blocks.every((block) => block.pageSize === undefined);
  return { ...rest, layout: item.total === 0 ? 'any' : plain ? 'plain' : layout };
}
