// A block under mapped-ram: its header, its bitmap somewhere in the file, its pages somewhere else. QEMU:
// parse_ramblock_mapped_ram(), migration/ram.c.

import { readSource } from '../../bytes/source.js';
import { mappedBitmapSize, MAPPED_RAM_HEADER_SIZE, MAPPED_RAM_VERSION } from '../../wire/mapped-ram.js';
import type { DestinationBlock } from '../destination.js';
import type { Incoming } from '../outer/incoming.js';
import type { QemuFile } from '../outer/qemu-file.js';
import type { Refusal } from '../refusal.js';

/** Read at once of a bitmap: that of 2 GiB. */
const CHUNK = 64 * 1024;

export async function loadMappedBlock(
  incoming: Incoming,
  file: QemuFile,
  block: DestinationBlock,
  length: bigint,
): Promise<void> {
  const pageSize = 2 ** incoming.destination.pageBits;
  const here = Math.min(file.cursor.available, MAPPED_RAM_HEADER_SIZE);
  const version = file.u32();
  const sent = file.u64();
  const bitmapOffset = file.u64();
  const pagesOffset = file.u64();
  const modern = incoming.behaves('mapped-ram-checked');
  if (here < MAPPED_RAM_HEADER_SIZE)
    throw incoming.refuse(file, 'mapped-header-short', { expected: MAPPED_RAM_HEADER_SIZE, received: here });
  if (version > MAPPED_RAM_VERSION)
    throw incoming.refuse(file, 'mapped-version', { expected: MAPPED_RAM_VERSION, received: version | 0 });
  if (modern && sent !== BigInt(pageSize))
    throw incoming.refuse(file, 'mapped-page-size', { received: sent, expected: pageSize });
  // 11.1: nothing of an ignored block is in the file.
  if (modern && bitmapOffset === 0n && pagesOffset === 0n) return;
  if (pagesOffset % BigInt(pageSize) !== 0n) throw incoming.refuse(file, 'mapped-alignment', { block: block.name });
  if (sent === 0n) throw incoming.ends(file, 'aborts', 'zero-page-size');
  const pages = length / sent;
  const base = BigInt(incoming.mappedBase);
  const end = pagesOffset - base + length;
  if (end < 0n || bitmapOffset < base || end > BigInt(Number.MAX_SAFE_INTEGER))
    throw incoming.refuse(file, 'mapped-bitmap');
  const bits = { offset: Number(bitmapOffset - base), pages: Number(pages) };
  const last = await lastPage(incoming, file, bits);
  const { size } = file.cursor.source;
  const pagesAt = Number(pagesOffset - base);
  const left = size === undefined ? Infinity : size - pagesAt;
  const reach = (last ?? -1) + 1;
  if (reach * pageSize > Math.min(block.usedLength, left))
    throw await firstFailure(incoming, file, { bits, pageSize, pagesAt, left, block });
  await file.cursor.seek(Number(end));
}

/** A bitmap: its place in the source, and its bits. */
interface Bits {
  readonly offset: number;
  readonly pages: number;
}

/** The last page whose bit is set. */
async function lastPage(incoming: Incoming, file: QemuFile, { offset, pages }: Bits): Promise<number | undefined> {
  const { source } = file.cursor;
  const bytes = mappedBitmapSize(pages, 1);
  if (source.size === undefined || !source.seekable || offset + bytes > source.size)
    throw incoming.refuse(file, 'mapped-bitmap');
  const chunk = new Uint8Array(Math.min(CHUNK, bytes));
  for (let end = bytes; end > 0; end -= chunk.length) {
    const from = Math.max(0, end - chunk.length);
    const got = await readSource(source, chunk.subarray(0, end - from), offset + from);
    for (let i = got - 1; i >= 0; i -= 1) {
      if (chunk[i] === 0) continue;
      for (let bit = 31 - Math.clz32(chunk[i]!); bit >= 0; bit -= 1) {
        const page = (from + i) * 8 + bit;
        // Bits beyond the block in its last word are not looked at.
        if (((chunk[i]! >> bit) & 1) === 1 && page < pages) return page;
      }
    }
  }
  return undefined;
}

/** The runs of set bits, as [first page, page behind the last]. */
async function* runsOf(file: QemuFile, { offset, pages }: Bits): AsyncGenerator<readonly [number, number]> {
  const bytes = mappedBitmapSize(pages, 1);
  const chunk = new Uint8Array(Math.min(CHUNK, bytes));
  let start = -1;
  for (let from = 0; from < bytes; from += chunk.length) {
    const got = await readSource(
      file.cursor.source,
      chunk.subarray(0, Math.min(chunk.length, bytes - from)),
      offset + from,
    );
    for (let i = 0; i < got; i += 1) {
      const byte = chunk[i]!;
      if (byte === (start === -1 ? 0 : 0xff)) continue;
      for (let bit = 0; bit < 8; bit += 1) {
        const page = (from + i) * 8 + bit;
        if (page >= pages) break;
        if (((byte >> bit) & 1) === (start === -1 ? 0 : 1)) continue;
        if (start === -1) start = page;
        else {
          yield [start, page];
          start = -1;
        }
      }
    }
  }
  if (start !== -1) yield [start, pages];
}

/** QEMU reads so many bytes of a run at once. QEMU: MAPPED_RAM_LOAD_BUF_SIZE, migration/ram.c. */
const READ_AT_ONCE = 0x100000;

interface Place {
  readonly bits: Bits;
  readonly pageSize: number;
  readonly pagesAt: number;
  /** Bytes of the file from the first page on. */
  readonly left: number;
  readonly block: DestinationBlock;
}

/**
 * The first read that fails: it begins outside of the block, or the file ends in it. QEMU: read_ramblock_mapped_ram().
 */
async function firstFailure(incoming: Incoming, file: QemuFile, place: Place): Promise<Refusal> {
  const { bits, pageSize, pagesAt, left, block } = place;
  for await (const [first, behind] of runsOf(file, bits)) {
    const end = behind * pageSize;
    for (let page = first * pageSize; page < end; page += READ_AT_ONCE) {
      if (page >= block.usedLength) return incoming.refuse(file, 'mapped-outside', { block: block.name });
      const expected = Math.min(end - page, READ_AT_ONCE);
      if (page + expected <= left) continue;
      if (incoming.on('multifd')) {
        incoming.unknowns.add('how the load ends: several threads read the pages (10.0 aborts, 11.1 waits for ever)');
        throw incoming.ends(file, 'unknown', 'channel-short-read');
      }
      const error = incoming.say('channel-short-read', { read: Math.max(0, left - page), expected });
      const offset = pagesAt + incoming.mappedBase + page;
      return incoming.refuse(file, 'mapped-page', { block: block.name, page, offset, error });
    }
  }
  // The last read begins inside of the block: QEMU writes behind it.
  throw incoming.ends(file, 'unknown', 'mapped-outside', { block: block.name });
}
