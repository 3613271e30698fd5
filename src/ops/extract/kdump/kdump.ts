// kdump-compressed, version 6, as dump-guest-memory writes it: header, sub header, notes, two bitmaps, descriptors,
// pages. QEMU: create_header32(), create_header64(), create_kdump_vmcore(), dump/dump.c; include/system/dump.h. Two
// values differ: QEMU fills only the machine of utsname, and misreads phys_base.

import { latin1Bytes } from '../../../base/bytes.js';
import { roundUp } from '../../../base/units.js';
import type { ByteSink } from '../../../bytes/source.js';
import type { PhysicalMap } from '../../../memory/physical-map.js';
import { PhysicalReader } from '../../../memory/physical-reader.js';
import type { Guest } from '../../guest/guest.js';
import { coreFacts, type CoreFacts } from '../core-facts.js';
import { Struct } from '../struct.js';
import { KdumpOutput } from './output.js';
import { COMPRESSED_ZLIB, frames, writeBitmaps, writePages, type Deflate } from './pages.js';

const VERSION = 6;
/** Pages of zeros are in it, and none is left out. */
const DUMP_LEVEL = 1;
/** Where utsname begins, and the size of each of its names. */
const UTSNAME = 12;
const NAME = 65;

interface Sizes {
  readonly subHeaderBlocks: number;
  /** Bytes of one bitmap. */
  readonly bitmap: number;
  readonly frames: number;
}

/**
 * The regular form where `sink` takes bytes at any offset, else the flattened form. Without `deflate` pages are stored
 * plain.
 * @throws MigrationStreamError `unsupported`: the CPUs cannot be read; `limit-exceeded`
 */
export async function writeKdump(
  guest: Guest,
  map: PhysicalMap,
  sink: ByteSink,
  deflate: Deflate | undefined,
): Promise<number> {
  const facts = await coreFacts(guest, map);
  const { pageSize, little } = facts.cpus;
  const spans = frames(map.ranges, pageSize);
  const last = spans.at(-1)!.end;
  const sizes: Sizes = {
    subHeaderBlocks: Math.ceil(((facts.wide ? SUB_HEADER_64 : SUB_HEADER_32) + facts.noteSize) / pageSize),
    bitmap: roundUp(Math.ceil(last / 8), pageSize),
    frames: last,
  };
  const bitmaps = (1 + sizes.subHeaderBlocks) * pageSize;
  const output = new KdumpOutput(sink);
  await output.begin();
  await output.put(mainHeader(facts, sizes, deflate === undefined ? 0 : COMPRESSED_ZLIB), 0);
  const subHeader = subHeaderOf(facts, sizes);
  await output.put(subHeader, pageSize);
  const notes = new Struct(facts.noteSize, little);
  for (const bytes of facts.notes) notes.raw(bytes);
  await output.put(notes.bytes, pageSize + subHeader.length);
  await writeBitmaps(output, spans, { at: bitmaps, length: sizes.bitmap, pageSize });
  const reader = new PhysicalReader(guest.memory, map.ranges);
  await writePages(output, reader, spans, { at: bitmaps + 2 * sizes.bitmap, pageSize, little }, deflate);
  await output.end();
  return output.size;
}

function mainHeader({ wide, cpus, release }: CoreFacts, sizes: Sizes, status: number): Uint8Array {
  const { little, pageSize, name, count } = cpus;
  const header = new Struct(wide ? 464 : 452, little).raw(latin1Bytes('KDUMP   ')).u32(VERSION);
  // utsname: system, node, release, version, machine, domain. libkdumpfile knows the architecture from it only where
  // the system is Linux and neither release nor version is empty.
  const names = release === undefined ? [] : ['Linux', '', release, 'unknown'];
  for (const [i, each] of names.entries()) header.seek(UTSNAME + i * NAME).raw(latin1Bytes(each));
  header.seek(UTSNAME + 4 * NAME).raw(latin1Bytes(name));
  // Then a time stamp, which stays empty.
  return header
    .seek(wide ? 424 : 412)
    .u32(status, pageSize, sizes.subHeaderBlocks, (2 * sizes.bitmap) / pageSize)
    .u32(sizes.frames, 0, 0, 0, 0, count).bytes;
}

const SUB_HEADER_64 = 104;
const SUB_HEADER_32 = 80;

function subHeaderOf({ wide, cpus, noteSize, physBase, vmcoreinfo }: CoreFacts, { frames }: Sizes): Uint8Array {
  const size = wide ? SUB_HEADER_64 : SUB_HEADER_32;
  const notesAt = cpus.pageSize + size;
  const text = vmcoreinfo === undefined ? 0 : notesAt + vmcoreinfo.at;
  return new Struct(size, cpus.little)
    .word(wide, physBase)
    .u32(DUMP_LEVEL, 0)
    .word(wide, 0, 0)
    .u64(text)
    .word(wide, vmcoreinfo?.size ?? 0)
    .u64(notesAt)
    .word(wide, noteSize)
    .u64(0)
    .word(wide, 0)
    .u64(0, 0, frames).bytes;
}
