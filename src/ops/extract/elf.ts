// An ELF core of guest memory, as dump-guest-memory writes it without paging since 7.2: section headers, program
// headers, notes, memory, string table. QEMU: dump_init() and dump_begin(), dump/dump.c. Two things differ: e_ehsize is
// the header's size (QEMU writes the size of a pointer), and holes are left for zero pages.

import { latin1Bytes } from '../../base/bytes.js';
import type { ByteSink } from '../../bytes/source.js';
import type { PhysicalMap } from '../../memory/physical-map.js';
import type { Guest } from '../guest/guest.js';
import { Output } from './copy.js';
import { coreFacts, type CoreFacts } from './core-facts.js';
import { Struct } from './struct.js';

const ET_CORE = 4;
const PT_LOAD = 1;
const PT_NOTE = 4;
const SHT_STRTAB = 3;
/** From this many program headers on their number stands in the first section header. */
const PN_XNUM = 0xffff;
const STRINGS = latin1Bytes('\0.shstrtab\0');

/**
 * @throws MigrationStreamError `unsupported`: the CPUs cannot be read
 */
export async function writeElf(guest: Guest, map: PhysicalMap, sink: ByteSink): Promise<number> {
  const facts = await coreFacts(guest, map);
  const output = new Output(sink);
  for (const part of headers(facts, map)) await output.write(part);
  for (const bytes of facts.notes) await output.write(bytes);
  for (const { start, end, block, offset } of map.ranges) await output.copy(guest.memory, block, offset, end - start);
  await output.write(STRINGS);
  return output.position;
}

function headers({ cpus: { little, machine }, wide, noteSize }: CoreFacts, { ranges }: PhysicalMap): Uint8Array[] {
  const [elf, section, program] = wide ? [64, 64, 56] : [52, 40, 32];
  const count = ranges.length + 1;
  const programs = elf + 2 * section;
  const notesAt = programs + count * program;
  const memoryAt = notesAt + noteSize;
  const memorySize = ranges.reduce((sum, { start, end }) => sum + end - start, 0);

  const head = new Struct(elf, little)
    .u8(0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1)
    .seek(16)
    .u16(ET_CORE, machine)
    .u32(1)
    .word(wide, 0, programs, elf)
    .u32(0)
    .u16(elf, program, Math.min(count, PN_XNUM), section, 2, 1);
  const sections = new Struct(2 * section, little)
    .seek(wide ? 44 : 28)
    .u32(count >= PN_XNUM ? count : 0)
    .seek(section)
    .u32(1, SHT_STRTAB)
    .word(wide, 0, 0, memoryAt + memorySize, STRINGS.length);
  const table = new Struct(count * program, little);
  const entry = (type: number, offset: number, address: number, length: number): void => {
    if (wide) table.u32(type, 0).u64(offset, address, address, length, length, 0);
    else table.u32(type, offset, address, address, length, length, 0, 0);
  };
  entry(PT_NOTE, notesAt, 0, noteSize);
  let at = memoryAt;
  for (const { start, end } of ranges) {
    entry(PT_LOAD, at, start, end - start);
    at += end - start;
  }
  return [head.bytes, sections.bytes, table.bytes];
}
