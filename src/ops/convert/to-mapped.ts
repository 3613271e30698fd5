// Any stream whose memory can be read, mapped-ram or not, as a mapped-ram stream: pages at places aligned to 1 MiB, holes for zero pages,
// bitmaps written first, since the newest version of each page is known beforehand. QEMU:
// mapped_ram_setup_ramblock() and ram_save_file_bmap(), migration/ram.c.

import { Refused } from '../../base/refused.js';
import type { ByteSink, ByteSource } from '../../bytes/source.js';
import { quote } from '../../base/quote.js';
import { openGuestMemory } from '../../open/guest-memory.js';
import { openStream, type OpenOptions } from '../../open/open-stream.js';
import { createWriter, type StreamWriter } from '../../open/create-writer.js';
import type { GuestMemory } from '../../ram/guest-memory.js';
import type { Inflate } from '../../ram/page-decoder.js';
import { pageKind } from '../../ram/page-runs.js';
import type { StreamEvent } from '../../stream/event.js';
import { layouts } from '../../wire/dialect.js';
import { MAPPED_RAM_VERSION, mappedBitmapSize, mappedPagesOffset } from '../../wire/mapped-ram.js';
import { ramBlockEntry, type RamBlockEntry } from '../../wire/ram-block.js';
import { withMapped } from './capability.js';

export interface ToMappedOptions extends OpenOptions {
  /** zlib, for pages of the old `compress` capability. */
  readonly inflate?: Inflate | undefined;
  /** Bytes of the file before the stream: what `file:PATH,offset=N` calls N. Offsets count from there. Default 0. */
  readonly base?: number;
}

type ListEvent = Extract<StreamEvent, { kind: 'ram-blocks' }>;

/**
 * Writes `source`, a stream that can be sought, to `sink` as mapped-ram; what a mapped-ram stream holds in the places of
 * zero pages is left out. Reads it twice. Neither commits nor
 * aborts the sink. Answers the bytes written.
 * @throws Refused: postcopy, blocks whose pages are elsewhere, a layout of QEMU 4.0 or of a fork;
 *   MigrationStreamError as openGuestMemory and the sink
 */
export async function toMapped(source: ByteSource, sink: ByteSink, options: ToMappedOptions): Promise<number> {
  const memory = await openGuestMemory(source, options);
  const stream = await openStream(source, { ...options, bodies: 'devices' });
  const writer = createWriter(sink);
  let listed = false;
  for await (const event of stream.events()) {
    switch (event.kind) {
      case 'configuration':
        await writer.write({ ...event, configuration: withMapped(event.configuration, true) });
        break;
      case 'ram-blocks':
        // A mapped-ram list comes entry by entry.
        if (listed && event.continues) break;
        if (listed || event.layout.ignoredByte || event.layout.postcopyPageSize)
          throw new Refused('refused', `a block list of layout ${event.layout.name} does not become mapped-ram`);
        listed = true;
        await writeBlocks(writer, event, memory, options.base ?? 0);
        break;
      case 'pages':
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
  return writer.position;
}

/** The list, each entry with its bitmap and its pages behind it. */
async function writeBlocks(writer: StreamWriter, event: ListEvent, memory: GuestMemory, base: number): Promise<void> {
  const { targetPageSize: pageSize } = event;
  const layout = event.layout.gpa ? layouts['ignore-shared-mapped-ram'] : layouts['mapped-ram'];
  const codec = ramBlockEntry(layout, pageSize);
  for (const [block, plain] of memory.blocks.entries()) {
    const bitmap = bitmapOf(memory, block, plain, event.layout.gpa);
    const header = { version: MAPPED_RAM_VERSION, pageSize, bitmapOffset: 0, pagesOffset: 0 };
    const size = codec.size({ ...plain, mapped: header }) + (block === 0 ? 8 : 0);
    const bitmapOffset = base + writer.position + size;
    const pagesOffset = mappedPagesOffset(bitmapOffset, plain.usedLength, pageSize);
    const mapped = bitmap === undefined ? header : { ...header, bitmapOffset, pagesOffset };
    await writer.write({ ...event, layout, blocks: [{ ...plain, mapped }], continues: block > 0 });
    // A block that was left out has no place in the file (11.0).
    if (bitmap === undefined) continue;
    await writer.copy(bitmap);
    await writer.skip(pagesOffset - bitmapOffset - bitmap.length);
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
