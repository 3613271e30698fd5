// Rows: headers, bitmaps and pages of mapped-ram. Imports its own folder.

import { at, type Anatomy, type BlockPlace } from '../anatomy.js';
import { be32, be64, block, counted, drop, hex, insert, put, total, type Patch } from '../patch.js';
import { adding, machineOption, rowsOf, type Row } from '../row.js';
import { gpaOf, memory, share, word } from './ram.js';

const mapped =
  (name: string, field: 'version' | 'page_size' | 'bitmap_offset' | 'pages_offset', value: number | bigint) =>
  (a: Anatomy): Patch[] => {
    const { start } = block(a, name).mappedAt!;
    const place = {
      version: at(start, 4),
      page_size: at(start + 4, 8),
      bitmap_offset: at(start + 12, 8),
      pages_offset: at(start + 20, 8),
    }[field];
    return [put(place, field === 'version' ? be32(Number(value)) : be64(value))];
  };
const bitmap = (one: BlockPlace): { start: number; end: number } =>
  at(one.mapped!.bitmapOffset, Math.ceil(one.usedLength / 4096 / 64) * 8);
const mappedBoth = { base: 'mapped-ram-ignore-shared' };

export const mappedRamRows: readonly Row[] = rowsOf('mapped-ram', 'mapped-ram', {
  'as it was': {},
  'written by two threads': { base: 'mapped-ram-multifd', on: { capabilities: { 'mapped-ram': true } } },
  'capability off': { on: { capabilities: {} } },
  'version 0': { mutate: mapped('pc.ram', 'version', 0) },
  'version 2': { mutate: mapped('pc.ram', 'version', 2) },
  'page size 0': { mutate: mapped('pc.ram', 'page_size', 0) },
  'page size 0x2000': { mutate: mapped('pc.ram', 'page_size', 0x2000) },
  'bitmap elsewhere': { mutate: mapped('pc.ram', 'bitmap_offset', 8) },
  'bitmap behind the end': { mutate: mapped('pc.ram', 'bitmap_offset', 1n << 40n) },
  'pages unaligned': { mutate: mapped('pc.ram', 'pages_offset', 0x100008) },
  'pages a page further': {
    mutate: (a) => mapped('pc.ram', 'pages_offset', block(a, 'pc.ram').mapped!.pagesOffset + 0x1000)(a),
  },
  'unknown name': { mutate: (a) => [put(block(a, 'pc.bios').name, counted('pc.bias'))] },
  'all bits set': { mutate: (a) => [put(bitmap(block(a, 'pc.ram')), new Uint8Array(64).fill(0xff))] },
  'no bit set': { mutate: (a) => [put(bitmap(block(a, 'pc.ram')), new Uint8Array(64))] },
  'a length larger': {
    mutate: (a) => [put(block(a, 'pc.rom').length, be64(block(a, 'pc.rom').usedLength + 0x1000)), total(a, 0x1000)],
  },
  'sum larger by a page': { mutate: (a) => [total(a, 0x1000)] },
  'a page record': {
    mutate: (a) => [insert(a.marks[1]!.span.start, word(0, 8), counted('pc.ram'), new Uint8Array(4096))],
  },
  'a zero record': { mutate: (a) => [insert(a.marks[1]!.span.start, word(0, 2), counted('pc.ram'), hex('00'))] },
  MULTIFD_FLUSH: { mutate: (a) => [insert(a.marks[1]!.span.start, word(0, 0x200))] },
  'cut in the pages': {
    mutate: (a) => [drop({ start: block(a, 'pc.ram').mapped!.pagesOffset + 0x8000, end: a.bytes.length })],
  },
  'cut in the first page': {
    mutate: (a) => [drop({ start: block(a, 'pc.ram').mapped!.pagesOffset + 0x100, end: a.bytes.length })],
  },
  'cut before the first page': {
    mutate: (a) => [drop({ start: block(a, 'pc.ram').mapped!.pagesOffset, end: a.bytes.length })],
  },
  'cut in the second megabyte, all bits set': {
    mutate: (a) => {
      const pages = block(a, 'pc.ram').mapped!.pagesOffset;
      return [
        put(bitmap(block(a, 'pc.ram')), new Uint8Array(64).fill(0xff)),
        drop({ start: pages, end: a.bytes.length }),
        insert(a.bytes.length, new Uint8Array(0x123456)),
      ];
    },
  },
  'cut, every second bit set': {
    mutate: (a) => {
      const pages = block(a, 'pc.ram').mapped!.pagesOffset;
      return [
        put(bitmap(block(a, 'pc.ram')), new Uint8Array(64).fill(0x55)),
        drop({ start: pages, end: a.bytes.length }),
        insert(a.bytes.length, new Uint8Array(0x8800)),
      ];
    },
  },
  'cut in the pages of a ROM': {
    mutate: (a) => {
      const last = [...a.blocks].sort((x, y) => y.mapped!.pagesOffset - x.mapped!.pagesOffset)[0]!;
      return [drop({ start: last.mapped!.pagesOffset + 0x10, end: a.bytes.length })];
    },
  },
  'destination has less memory, all bits set': {
    mutate: (a) => [put(bitmap(block(a, 'pc.ram')), new Uint8Array(64).fill(0xff))],
    on: { argv: memory('1') },
  },
  'cut in the header': {
    mutate: (a) => [drop({ start: block(a, 'pc.ram').mappedAt!.start + 9, end: a.bytes.length })],
  },
  'cut in the bitmap': {
    mutate: (a) => [drop({ start: block(a, 'pc.ram').mapped!.bitmapOffset + 3, end: a.bytes.length })],
  },
  'destination has more memory': { on: { argv: memory('4') } },
  'destination has another machine': {
    on: { argv: machineOption('memory-backend=pc.ram'), capabilities: { 'mapped-ram': true, 'x-ignore-shared': true } },
  },
  'with x-ignore-shared': mappedBoth,
  'with x-ignore-shared, share=off': { ...mappedBoth, on: { argv: share('off') } },
  'with x-ignore-shared, another address': { ...mappedBoth, mutate: gpaOf('mem0', 0x1000) },
  'with x-ignore-shared, another address, share=off': {
    ...mappedBoth,
    mutate: gpaOf('mem0', 0x1000),
    on: { argv: share('off') },
  },
  'an extra device': { on: { argv: adding('-device', 'i6300esb') } },
});
