// A stream model to bytes, through the writer that is under test. Places that depend on the position in the file (the
// offsets of mapped-ram) and lengths of what is nested are filled in here, so the items come back completed.
import { memorySink } from '../../src/bytes/source.js';
import { span } from '../../src/base/span.js';
import { createWriter } from '../../src/open/create-writer.js';
import { buildPageRuns } from '../../src/ram/page-builder.js';
import type { StreamEvent } from '../../src/stream/event.js';
import { layouts } from '../../src/wire/dialect.js';
import { mappedBitmapSize, MAPPED_RAM_VERSION } from '../../src/wire/mapped-ram.js';
import { ramBlockEntry, type RamBlockEntry } from '../../src/wire/ram-block.js';
import { roundUp } from '../../src/base/units.js';
import type { SectionHeader } from '../../src/wire/section.js';
import type { Item } from './items.js';

export type ModelItem = Item | { readonly kind: 'package'; readonly items: readonly ModelItem[] };
type Writer = ReturnType<typeof createWriter>;

const none = span(0, 0);

export interface Written {
  readonly bytes: Uint8Array;
  /** What reading must answer. */
  readonly items: Item[];
  /** Offset after each item (of pages that follow each other: after the last). */
  readonly ends: number[];
}

export async function writeModel(model: readonly ModelItem[], pageSize: number): Promise<Written> {
  const sink = memorySink();
  const writer = createWriter(sink);
  const items: Item[] = [];
  const ends: number[] = [];
  const context: Context = {
    writer,
    pageSize,
    blocks: [],
    section: { sectionId: 0, idstr: '', instanceId: 0, versionId: 0 },
    items,
    ends,
  };
  await writeAll(context, model);
  await writer.finish();
  return { bytes: Uint8Array.from(sink.bytes()), items, ends };
}

interface Context {
  readonly writer: Writer;
  readonly pageSize: number;
  blocks: readonly RamBlockEntry[];
  section: SectionHeader;
  readonly items: Item[];
  readonly ends: number[];
}

/** Pages that follow each other are one event, as in a stream that was read. */
async function writeAll(context: Context, model: readonly ModelItem[]): Promise<void> {
  for (let i = 0; i < model.length;) {
    const pages: Extract<Item, { kind: 'page' }>[] = [];
    for (let item = model[i]; item?.kind === 'page'; item = model[++i]) pages.push(item);
    if (pages.length === 0) await writeItem(context, model[i++]!);
    for (const runs of buildPageRuns(
      pages.map((item) => item.page),
      context.blocks,
      context.pageSize,
    )) {
      await context.writer.write({ kind: 'pages', runs, span: none });
    }
    for (const item of pages) {
      context.items.push(item);
      context.ends.push(context.writer.position);
    }
  }
}

async function writeItem(context: Context, item: ModelItem): Promise<void> {
  if (item.kind === 'package') return writePackage(context, item.items);
  if (item.kind === 'ram-blocks' && layouts[item.layout].mapped) return writeMapped(context, item);
  if (item.kind === 'section-open') context.section = item.section;
  if (item.kind === 'ram-blocks') context.blocks = item.blocks;
  for (const event of toEvents(context, item)) await context.writer.write(event);
  context.items.push(item);
  context.ends.push(context.writer.position);
}

function toEvents(context: Context, item: Item): StreamEvent[] {
  const { section, pageSize } = context;
  switch (item.kind) {
    case 'header':
      return [{ kind: 'header', version: 3, span: none }];
    case 'ram-blocks':
      return [{ ...item, layout: layouts[item.layout], targetPageSize: pageSize, span: none }];
    case 'page':
      return buildPageRuns([item.page], context.blocks, pageSize).map((runs) => ({ kind: 'pages', runs, span: none }));
    case 'ram-mark':
      return [{ ...item, targetPageSize: pageSize, span: none }];
    case 'payload':
      return [{ ...item, section, boundary: 'decoder', last: true, span: none }];
    case 'mapped-area':
      return [{ ...item, last: true, span: none }];
    case 'section-close':
      return [{ ...item, section, span: none }];
    case 'package-open':
      return [{ kind: 'package-open', length: 0, span: none }];
    case 'package-close':
    case 'eof':
      return [{ kind: item.kind, span: none }];
    default:
      return [{ ...item, span: none }];
  }
}

async function writePackage(context: Context, inner: readonly ModelItem[]): Promise<void> {
  const blob = await writeModel(inner, context.pageSize);
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, blob.bytes.length);
  await writeItem(context, { kind: 'command', command: 7, payload });
  await writeItem(context, { kind: 'package-open' });
  await writeAll(context, inner);
  await writeItem(context, { kind: 'package-close' });
}

/** Entry by entry: a block with pages ends a stretch, and its area follows. Headers drawn as `ignored` stay zero. */
async function writeMapped(context: Context, item: Extract<Item, { kind: 'ram-blocks' }>): Promise<void> {
  const { pageSize } = context;
  const codec = ramBlockEntry(layouts[item.layout], pageSize);
  let stretch: RamBlockEntry[] = [];
  let continues = false;
  const emit = async (): Promise<void> => {
    const event: StreamEvent = {
      ...item,
      blocks: stretch,
      continues,
      layout: layouts[item.layout],
      targetPageSize: pageSize,
      span: none,
    };
    await context.writer.write(event);
    context.items.push({ ...item, blocks: stretch, continues });
    context.ends.push(context.writer.position);
  };
  let block = 0;
  for (const entry of item.blocks) {
    const blank = { version: MAPPED_RAM_VERSION, pageSize, bitmapOffset: 0, pagesOffset: 0 };
    const before =
      context.writer.position + (continues ? 0 : 8) + stretch.reduce((sum, one) => sum + codec.size(one), 0);
    const bitmapOffset = before + codec.size({ ...entry, mapped: blank });
    const pagesOffset = roundUp(bitmapOffset + mappedBitmapSize(entry.usedLength, pageSize), pageSize);
    const ignored = entry.ignored === 1;
    const { ignored: _, ...rest } = entry;
    stretch.push({ ...rest, mapped: ignored ? blank : { ...blank, bitmapOffset, pagesOffset } });
    block += 1;
    if (ignored) continue;
    await emit();
    const bytes = new Uint8Array(pagesOffset + entry.usedLength - bitmapOffset).map(
      (_byte, i) => (i * 7 + block) & 0xff,
    );
    await writeItem(context, { kind: 'mapped-area', block: block - 1, bytes });
    stretch = [];
    continues = true;
  }
  if (stretch.length > 0 || !continues) await emit();
}
