// Where everything stands in a stream, by our own reader: items, fields of headers, entries of the block list, page
// records, fields of devices. Mutations are made of these places and of nothing that was searched for. Imports ops,
// vmstate.

import type { Span } from '../../../src/base/span.js';
import { openStream } from '../../../src/open/open-stream.js';
import type { RamMark } from '../../../src/ram/event.js';
import { pageKindNames, type PageKindName } from '../../../src/ram/page-runs.js';
import { decodeDevice } from '../../../src/devices/index.js';
import { parseSchema, type DeviceSchema, type DeviceState } from '../../../src/vmstate/index.js';
import type { Configuration } from '../../../src/wire/configuration.js';
import type { BlockLayout } from '../../../src/wire/dialect.js';
import type { RamBlockEntry } from '../../../src/wire/ram-block.js';
import type { SectionHeader, SectionKind } from '../../../src/wire/section.js';

/** A section with its parts, or another item of the top level. */
export interface Item {
  readonly kind: SectionKind | 'header' | 'configuration' | 'command' | 'eof' | 'vmdescription';
  readonly span: Span;
  readonly section?: SectionHeader;
  /** Of sections: between header and footer. Of commands: behind the length. */
  readonly payload: Span;
  /** Empty without footers. */
  readonly footer: Span;
  readonly command?: number;
}

/** One entry of the block list, with the places of its fields. */
export interface BlockPlace extends RamBlockEntry {
  readonly span: Span;
  readonly name: Span;
  readonly length: Span;
  readonly gpaAt: Span | undefined;
  readonly mappedAt: Span | undefined;
}

export interface RecordPlace {
  readonly kind: PageKindName;
  readonly block: string;
  readonly addr: number;
  readonly named: boolean;
  readonly span: Span;
  /** Address and flags. */
  readonly word: Span;
  /** After header and name. */
  readonly body: Span;
}

export interface MarkPlace {
  readonly mark: RamMark;
  readonly span: Span;
}

/** A subsection of the configuration. */
export interface PartPlace {
  readonly name: string;
  readonly span: Span;
  readonly version: Span;
  readonly body: Span;
}

export interface Anatomy {
  readonly bytes: Uint8Array;
  readonly items: readonly Item[];
  readonly configuration: Configuration | undefined;
  /** be32 in front of the machine's name, and the name. */
  readonly machine: { readonly length: Span; readonly name: Span };
  readonly parts: readonly PartPlace[];
  readonly layout: BlockLayout | undefined;
  /** MEM_SIZE's be64. */
  readonly total: Span;
  readonly blocks: readonly BlockPlace[];
  readonly records: readonly RecordPlace[];
  readonly marks: readonly MarkPlace[];
  readonly devices: readonly DeviceState[];
}

export const at = (start: number, length: number): Span => ({ start, end: start + length });

/** @throws MigrationStreamError for a stream that is not whole: only real captures are taken apart */
export async function dissect(bytes: Uint8Array): Promise<Anatomy> {
  const open = await openStream(bytes);
  const items: Item[] = [];
  const blocks: BlockPlace[] = [];
  const records: RecordPlace[] = [];
  const marks: MarkPlace[] = [];
  let configuration: Configuration | undefined;
  let layout: BlockLayout | undefined;
  let total = at(0, 0);
  let opened: { kind: SectionKind; start: number; section: SectionHeader; payload: number } | undefined;
  let json: Uint8Array | undefined;
  const plain = (kind: Item['kind'], span: Span, payload = span, command?: number): void => {
    items.push({ kind, span, payload, footer: at(span.end, 0), ...(command === undefined ? {} : { command }) });
  };
  for await (const event of open.events()) {
    switch (event.kind) {
      case 'header':
      case 'eof':
        plain(event.kind, event.span);
        break;
      case 'vmdescription':
        json = event.json;
        plain(event.kind, event.span, { start: event.span.start + 5, end: event.span.end });
        break;
      case 'configuration':
        configuration = event.configuration;
        plain(event.kind, event.span);
        break;
      case 'command':
        plain('command', event.span, { start: event.span.start + 5, end: event.span.end }, event.command);
        break;
      case 'section-open':
        opened = { kind: event.type, start: event.span.start, section: event.section, payload: event.span.end };
        break;
      case 'section-close':
        if (opened !== undefined) {
          items.push({
            kind: opened.kind,
            section: opened.section,
            span: { start: opened.start, end: event.span.end },
            payload: { start: opened.payload, end: event.span.start },
            footer: event.span,
          });
        }
        break;
      case 'ram-blocks': {
        layout = event.layout;
        if (!event.continues) total = at(event.span.start, 8);
        let from = event.continues ? event.span.start : event.span.start + 8;
        for (const block of event.blocks) {
          const place = placeBlock(block, event.layout, from);
          blocks.push(place);
          from = place.span.end;
        }
        break;
      }
      case 'pages':
        for (let run = 0; run < event.runs.count; run += 1) {
          const { runs } = event;
          for (let k = 0; k < runs.pages[run]!; k += 1) {
            const start = runs.offsetOf(run, k);
            const body = at(runs.base + runs.bodyAt(run, k), runs.length[run]!);
            const kind = pageKindNames[runs.kind[run]!]!;
            const block = runs.blocks[runs.block[run]!]!.idstr;
            records.push({
              kind,
              block,
              addr: runs.addr[run]! + k * runs.pageSize,
              named: runs.named[run] === 1,
              span: { start, end: body.end },
              word: at(start, 8),
              body,
            });
          }
        }
        break;
      case 'ram-mark':
        marks.push({ mark: event.mark, span: event.span });
        break;
    }
  }
  await open.close();
  return {
    bytes,
    items,
    configuration,
    ...placeConfiguration(bytes, configuration),
    layout,
    total,
    blocks,
    records,
    marks,
    devices: json === undefined ? [] : devicesIn(bytes, items, parseSchema(json).devices),
  };
}

function placeBlock(block: RamBlockEntry, layout: BlockLayout, start: number): BlockPlace {
  const name = at(start, 1 + block.idstr.length);
  const length = at(name.end, 8);
  let end = length.end + (block.pageSize === undefined ? 0 : 8);
  const gpaAt = layout.gpa ? at(end, 8) : undefined;
  end += layout.gpa ? 8 : 0;
  end += layout.ignoredByte ? 1 : 0;
  const mappedAt = layout.mapped ? at(end, 28) : undefined;
  end = mappedAt?.end ?? end;
  return { ...block, span: { start, end }, name, length, gpaAt, mappedAt };
}

function placeConfiguration(
  bytes: Uint8Array,
  configuration: Configuration | undefined,
): Pick<Anatomy, 'machine' | 'parts'> {
  if (configuration === undefined) return { machine: { length: at(8, 0), name: at(8, 0) }, parts: [] };
  const name = at(13, configuration.machine.length);
  const parts: PartPlace[] = [];
  let start = name.end;
  for (const part of configuration.subsections) {
    const nameLength = bytes[start + 1]!;
    const version = at(start + 2 + nameLength, 4);
    const size =
      part.kind === 'uuid'
        ? 16
        : part.kind === 'target-page-bits'
          ? 4
          : part.kind === 'capabilities'
            ? part.names.reduce((sum, one) => sum + 1 + one.length, 4)
            : part.bytes.length;
    const body = at(version.end, size);
    parts.push({ name: part.kind, span: { start, end: body.end }, version, body });
    start = body.end;
  }
  return { machine: { length: at(9, 4), name }, parts };
}

function devicesIn(bytes: Uint8Array, items: readonly Item[], schemas: readonly DeviceSchema[]): DeviceState[] {
  const left = items.filter((item) => item.kind === 'full');
  return schemas.flatMap((schema) => {
    const index = left.findIndex(
      ({ section }) => section?.idstr === schema.name && section.instanceId === schema.instanceId,
    );
    const [item] = index === -1 ? [] : left.splice(index, 1);
    return item === undefined
      ? []
      : [decodeDevice(schema, bytes.subarray(item.payload.start, item.payload.end), item.payload.start)];
  });
}
