// A block under mapped-ram: its header, its bitmap somewhere in the file, its pages somewhere else. QEMU:
// parse_ramblock_mapped_ram(), migration/ram.c.

import { readSource } from '../../bytes/source.js';
import { mappedBitmapSize, MAPPED_RAM_HEADER_SIZE, MAPPED_RAM_VERSION } from '../../wire/mapped-ram.js';
import type { DestinationBlock } from '../destination.js';
import type { Incoming } from '../outer/incoming.js';
import type { QemuFile } from '../outer/qemu-file.js';

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
  const theirs = file.u64();
  const bitmapOffset = file.u64();
  const pagesOffset = file.u64();
  const modern = incoming.behaves('mapped-ram-checked');
  if (here < MAPPED_RAM_HEADER_SIZE)
    throw incoming.refuse(file, 'mapped-header-short', { expected: MAPPED_RAM_HEADER_SIZE, received: here });
  if (version > MAPPED_RAM_VERSION)
    throw incoming.refuse(file, 'mapped-version', { expected: MAPPED_RAM_VERSION, received: version | 0 });
  if (modern && theirs !== BigInt(pageSize))
    throw incoming.refuse(file, 'mapped-page-size', { received: theirs, expected: pageSize });
  // 11.1: nothing of an ignored block is in the file.
  if (modern && bitmapOffset === 0n && pagesOffset === 0n) return;
  if (pagesOffset % BigInt(pageSize) !== 0n) throw incoming.refuse(file, 'mapped-alignment', { block: block.name });
  if (theirs === 0n) throw incoming.ends(file, 'aborts', 'zero-page-size');
  const pages = length / theirs;
  const base = BigInt(incoming.mappedBase);
  const end = pagesOffset - base + length;
  if (end < 0n || bitmapOffset < base || end > BigInt(Number.MAX_SAFE_INTEGER))
    throw incoming.refuse(file, 'mapped-bitmap');
  const last = await lastPage(incoming, file, Number(bitmapOffset - base), Number(pages));
  if (last !== undefined) {
    if (BigInt(last) * BigInt(pageSize) >= BigInt(block.usedLength))
      throw incoming.refuse(file, 'mapped-outside', { block: block.name });
    const { size } = file.cursor.source;
    if (size !== undefined && pagesOffset - base + BigInt(last + 1) * BigInt(pageSize) > BigInt(size)) {
      incoming.unknowns.add('the exact words about a page that the file no longer has');
      throw incoming.refuse(file, 'mapped-page', {
        block: block.name,
        page: last * pageSize,
        offset: pagesOffset + BigInt(last * pageSize),
        error: 'Channel error',
      });
    }
  }
  await file.cursor.seek(Number(end));
}

/** The last page whose bit is set. */
async function lastPage(
  incoming: Incoming,
  file: QemuFile,
  offset: number,
  pages: number,
): Promise<number | undefined> {
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
