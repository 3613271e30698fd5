// A stream as a mapped-ram stream: pages at places aligned to 1 MiB, holes for zero pages. A sink that takes bytes at any
// offset gets each page when the page comes, and the bitmaps at the end. Another sink gets the bitmaps first, after a
// reading that finds the newest version of each page. QEMU: mapped_ram_setup_ramblock() and ram_save_file_bmap(),
// migration/ram.c.

import { Refused } from '../../base/refused.js';
import { abortable } from '../../bytes/abort.js';
import { forwardSource, memorySource, type ByteSink, type ByteSource } from '../../bytes/source.js';
import { quote } from '../../base/quote.js';
import { notSeekable, openGuestMemory } from '../../open/guest-memory.js';
import { openStream, type MigrationStream, type OpenOptions } from '../../open/open-stream.js';
import { createWriter, type StreamWriter } from '../../open/create-writer.js';
import { GuestMemory } from '../../ram/guest-memory.js';
import { LastVersions } from '../../ram/last-versions.js';
import { noInflate, type Inflate } from '../../ram/page-decoder.js';
import { pageKind } from '../../ram/page-runs.js';
import type { StreamEvent } from '../../stream/event.js';
import { layouts } from '../../wire/dialect.js';
import {
  MAPPED_RAM_VERSION,
  mappedBitmapSize,
  mappedPagesOffset,
  type MappedRamHeader,
} from '../../wire/mapped-ram.js';
import { ramBlockEntry, type RamBlockEntry } from '../../wire/ram-block.js';
import { withMapped } from './capability.js';
import { PagePlaces } from './page-places.js';

export interface ToMappedOptions extends OpenOptions {
  /** zlib, for pages of the old `compress` capability. */
  readonly inflate?: Inflate | undefined;
  /** Bytes of the file before the stream: what `file:PATH,offset=N` calls N. Offsets count from there. Default 0. */
  readonly base?: number;
}

type ListEvent = Extract<StreamEvent, { kind: 'ram-blocks' }>;

/**
 * Writes `source`, a stream that can be sought, to `sink` as mapped-ram; what a mapped-ram stream holds in the places
 * of zero pages is left out. Reads it once where the sink can be written at any offset, else twice. Neither commits nor
 * aborts the sink. Answers the bytes written.
 * @throws Refused: postcopy, blocks whose pages are elsewhere, a layout of QEMU 4.0 or of a fork;
 *   MigrationStreamError as openGuestMemory and the sink
 */
export async function toMapped(source: ByteSource, sink: ByteSink, options: ToMappedOptions): Promise<number> {
  if (!source.seekable) throw notSeekable('the newest version of each page');
  return mapStream(await openStream(source, { ...options, bodies: 'devices' }), sink, options, source);
}

/**
 * The same of a stream that was opened. `source`: where its pages can be read again; undefined where they cannot
 * (joined channels), which needs a sink that can be written at any offset.
 */
export async function mapStream(
  stream: MigrationStream,
  sink: ByteSink,
  options: ToMappedOptions,
  source?: ByteSource,
): Promise<number> {
  const writer = createWriter(sink);
  let placing: Placing | undefined;
  let listed = false;
  for await (const event of stream.events()) {
    switch (event.kind) {
      case 'configuration':
        await writer.write({ ...event, configuration: withMapped(event.configuration, true) });
        break;
      case 'ram-blocks': {
        // A mapped-ram list comes entry by entry.
        if (listed && event.continues) break;
        if (listed || event.layout.ignoredByte || event.layout.postcopyPageSize)
          throw new Refused('refused', `a block list of layout ${event.layout.name} does not become mapped-ram`);
        listed = true;
        // Which blocks x-ignore-shared left out shows only at the end, and the list says it.
        if (sink.patch !== undefined && !event.layout.mapped && !event.layout.gpa && canBeWhole(event, source?.size))
          placing = await placePages(writer, event, sink.patch, options.base ?? 0);
        else if (source !== undefined)
          await writeBlocks(writer, event, await openGuestMemory(source, options), options.base ?? 0);
        else throw new Refused('refused', 'these channels become mapped-ram only by way of a plain stream');
        break;
      }
      case 'pages':
        await placing?.pages.add(event.runs);
        break;
      case 'mapped-area':
      case 'mapped-pages':
        break;
      case 'ram-mark':
        // mapped-ram allows no other record.
        if (event.mark === 'eos') await writer.write(event);
        break;
      default:
        await writer.write(event);
    }
  }
  await writer.flush();
  await placing?.finish(source === undefined ? undefined : abortable(source, options.signal), options.inflate);
  return writer.position;
}

/** The shortest record of a page: address and flags, and the byte of a zero page. */
const PAGE_RECORD = 9;

/** Can a stream of `size` bytes have every page of the list? If not, the file gets no room for them. */
function canBeWhole({ blocks, targetPageSize }: ListEvent, size = Number.POSITIVE_INFINITY): boolean {
  return blocks.reduce((sum, { usedLength }) => sum + usedLength / targetPageSize, 0) * PAGE_RECORD <= size;
}

interface Placing {
  readonly pages: PagePlaces;
  /** `source`: where the stream's pages can be read again. */
  finish(source: ByteSource | undefined, inflate: Inflate | undefined): Promise<void>;
}

/** The list with room behind each entry; bitmaps are written when all pages came. */
async function placePages(
  writer: StreamWriter,
  event: ListEvent,
  patch: NonNullable<ByteSink['patch']>,
  base: number,
): Promise<Placing> {
  const { targetPageSize: pageSize, blocks } = event;
  const headers: MappedRamHeader[] = [];
  for (const [block, plain] of blocks.entries()) {
    const header = await writeEntry(writer, event, block, plain, base);
    await writer.skip(header.pagesOffset + plain.usedLength - header.bitmapOffset);
    headers.push(header);
  }
  const versions = new LastVersions();
  const places = headers.map(({ pagesOffset }) => pagesOffset);
  const pages = new PagePlaces(patch, versions, pageSize, places);
  return {
    pages,
    async finish(source, inflate = noInflate) {
      const memory = new GuestMemory({ source: source ?? gone, versions, blocks, pageSize, inflate });
      await pages.finish(memory);
      for (const [block, entry] of blocks.entries())
        await patch(bitmapOf(memory, block, entry, false)!, headers[block]!.bitmapOffset);
    },
  };
}

/** Joined channels are not read again: only deltas need that, and QEMU sends no deltas with multifd. */
const gone: ByteSource = forwardSource(memorySource(new Uint8Array(0), 'joined channels'));

/** The entry of a block that has a place in the file. */
async function writeEntry(
  writer: StreamWriter,
  event: ListEvent,
  block: number,
  plain: RamBlockEntry,
  base: number,
  absent = false,
): Promise<MappedRamHeader> {
  const { targetPageSize: pageSize } = event;
  const layout = event.layout.gpa ? layouts['ignore-shared-mapped-ram'] : layouts['mapped-ram'];
  const none = { version: MAPPED_RAM_VERSION, pageSize, bitmapOffset: 0, pagesOffset: 0 };
  const size = ramBlockEntry(layout, pageSize).size({ ...plain, mapped: none }) + (block === 0 ? 8 : 0);
  const bitmapOffset = base + writer.position + size;
  const pagesOffset = mappedPagesOffset(bitmapOffset, plain.usedLength, pageSize);
  const mapped = absent ? none : { ...none, bitmapOffset, pagesOffset };
  await writer.write({ ...event, layout, blocks: [{ ...plain, mapped }], continues: block > 0 });
  return mapped;
}

/** The list, each entry with its bitmap and its pages behind it. */
async function writeBlocks(writer: StreamWriter, event: ListEvent, memory: GuestMemory, base: number): Promise<void> {
  const { targetPageSize: pageSize } = event;
  for (const [block, plain] of memory.blocks.entries()) {
    const bitmap = bitmapOf(memory, block, plain, event.layout.gpa);
    const header = await writeEntry(writer, event, block, plain, base, bitmap === undefined);
    // A block that was left out has no place in the file (11.0).
    if (bitmap === undefined) continue;
    await writer.copy(bitmap);
    await writer.skip(header.pagesOffset - header.bitmapOffset - bitmap.length);
    let at = 0;
    for await (const runs of memory.pages(block, false)) {
      for (let i = 0; i < runs.count; i += 1) {
        if (runs.kind[i] === pageKind.zero) continue;
        await writer.skip(runs.addr[i]! - at);
        const length = runs.pages[i]! * pageSize;
        await writer.copy(runs.bytes.subarray(runs.body[i]!, runs.body[i]! + length));
        at = runs.addr[i]! + length;
      }
    }
    await writer.skip(plain.usedLength - at);
  }
}

/** A bit for each page that is not zero; undefined where x-ignore-shared left the block out. */
function bitmapOf(
  memory: GuestMemory,
  block: number,
  { idstr, usedLength }: RamBlockEntry,
  ignoreShared: boolean,
): Uint8Array | undefined {
  const pages = memory.pagesOf(block);
  const absent = memory.absentPages(block);
  if (absent === pages && pages > 0 && ignoreShared) return undefined;
  if (absent > 0)
    throw new Refused('refused', `${absent} pages of ${quote(idstr)} are not in this stream`, {
      code: 'pages-elsewhere',
    });
  const bitmap = new Uint8Array(mappedBitmapSize(usedLength, memory.pageSize));
  for (let page = 0; page < pages; page += 1) if (!memory.isZero(block, page)) bitmap[page >>> 3]! |= 1 << (page & 7);
  return bitmap;
}
