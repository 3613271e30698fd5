// Rows: commands, block list, x-ignore-shared, page records. Imports its own folder.

import { deflateSync } from 'node:zlib';
import { at, type Anatomy, type RecordPlace } from '../anatomy.js';
import {
  be16,
  be32,
  be64,
  block,
  bytesOf,
  command,
  counted,
  drop,
  first,
  hex,
  insert,
  join,
  mainBlock,
  put,
  record,
  text,
  total,
  type Patch,
} from '../patch.js';
import { adding, both, changing, machine, rowsOf, without, type Row } from '../row.js';

const beforeStart = (...commands: readonly Uint8Array[]) => ({
  mutate: (a: Anatomy): Patch[] => [insert(first(a, 'start').span.start, ...commands)],
});
const advise = (pageSizes: number, pageSize: number): Uint8Array => command(3, join(be64(pageSizes), be64(pageSize)));
const discard = (name: string, ...pairs: readonly number[]): Uint8Array =>
  command(6, join(hex('00'), counted(name), hex('00'), ...pairs.map(be64)));
const ping = command(2, be32(1));
const returnPath = command(1);
const postcopy = { on: { capabilities: { 'postcopy-ram': true } }, base: 'postcopy-ready' };
/** Its own ADVISE replaced. */
const advised = (...commands: readonly Uint8Array[]) => ({
  ...postcopy,
  mutate: (a: Anatomy): Patch[] => [
    ...a.items.filter((item) => item.command === 3).map(({ span }) => drop(span)),
    insert(first(a, 'start').span.start, ...commands),
  ],
});

const commands = rowsOf('commands', 'plain', {
  'number 0': beforeStart(command(0)),
  'number 0x20': beforeStart(command(0x20)),
  'number 0xffff with 3 bytes': beforeStart(command(0xffff, hex('010203'))),
  SWITCHOVER_START: beforeStart(command(11)),
  'SWITCHOVER_START with 4 bytes': beforeStart(command(11, be32(0))),
  'SWITCHOVER_START behind the devices': { mutate: (a) => [insert(first(a, 'eof').span.start, command(11))] },
  'SWITCHOVER_START dropped': {
    mutate: (a) => a.items.filter(({ kind }) => kind === 'command').map(({ span }) => drop(span)),
    releases: ['10.0', '11.1'],
  },
  OPEN_RETURN_PATH: beforeStart(returnPath),
  'OPEN_RETURN_PATH twice': beforeStart(returnPath, returnPath),
  'OPEN_RETURN_PATH with 1 byte': beforeStart(command(1, hex('00'))),
  'PING without return path': beforeStart(ping),
  'PING with 0 bytes': beforeStart(command(2)),
  'ADVISE of 0 bytes': beforeStart(command(3)),
  'ADVISE of 16 bytes, postcopy off': beforeStart(advise(0x1000, 0x1000)),
  'ADVISE of 8 bytes': beforeStart(command(3, be64(0x1000))),
  'ADVISE of 0 bytes, twice': beforeStart(command(3), command(3)),
  'ADVISE as it was, postcopy on': postcopy,
  'ADVISE as it was, postcopy off': { base: 'postcopy-ready', on: { capabilities: {} } },
  'ADVISE of 0 bytes, postcopy on': advised(command(3)),
  'ADVISE, other page sizes': advised(advise(0x201000, 0x1000)),
  'ADVISE, other target pages': advised(advise(0x1000, 0x2000)),
  'ADVISE of 24 bytes': advised(command(3, new Uint8Array(24))),
  'ADVISE twice, postcopy on': advised(advise(0x1000, 0x1000), advise(0x1000, 0x1000)),
  'LISTEN, nothing advised': beforeStart(command(4)),
  'LISTEN with 2 bytes': beforeStart(command(4, hex('0000'))),
  'RUN, nobody listens': beforeStart(command(5)),
  'RUN, advised': advised(advise(0x1000, 0x1000), command(5)),
  'RAM_DISCARD, nothing advised': beforeStart(discard('pc.ram', 0, 0x1000)),
  'RAM_DISCARD, advised': advised(advise(0x1000, 0x1000), discard('pc.ram', 0, 0x1000)),
  'RAM_DISCARD of an unknown block': advised(advise(0x1000, 0x1000), discard('nobody', 0, 0x1000)),
  'RAM_DISCARD of version 1': advised(
    advise(0x1000, 0x1000),
    command(6, join(hex('01'), counted('pc.ram'), hex('00'), be64(0), be64(0x1000))),
  ),
  'RAM_DISCARD without nil': advised(
    advise(0x1000, 0x1000),
    command(6, join(hex('00'), counted('pc.ram'), hex('41'), be64(0), be64(0x1000))),
  ),
  'RAM_DISCARD of half a pair': advised(advise(0x1000, 0x1000), discard('pc.ram', 0, 0x1000, 0)),
  'RAM_DISCARD too short': advised(advise(0x1000, 0x1000), command(6, hex('00'))),
  'PACKAGED, an EOF byte': beforeStart(command(7, be32(1)), hex('00')),
  'PACKAGED, a command without EOF': beforeStart(command(7, be32(5)), returnPath),
  'PACKAGED, a command and EOF': beforeStart(command(7, be32(6)), returnPath, hex('00')),
  'PACKAGED, type 9': beforeStart(command(7, be32(1)), hex('09')),
  'PACKAGED with 8 bytes': beforeStart(command(7, be64(1)), hex('00')),
  'PACKAGED longer than the file': beforeStart(command(7, be32(0x10000000)), hex('00')),
  'POSTCOPY_RESUME out of season': beforeStart(command(9)),
  'RECV_BITMAP out of season': beforeStart(command(10, counted('pc.ram'))),
  'RECV_BITMAP, length differs': beforeStart(command(10, join(counted('pc.ram'), hex('00')))),
  'RECV_BITMAP of nobody': beforeStart(command(10, counted('nobody'))),
  ENABLE_COLO: beforeStart(command(8)),
  'a return path that was used': { base: 'return-path' },
  'dirty-bitmaps as they were': { base: 'dirty-bitmaps' },
  'dirty-bitmaps, but no such disk': {
    base: 'dirty-bitmaps',
    on: { argv: both(without('-device'), without('-blockdev')) },
  },
});

const tables = '/rom@etc/acpi/tables';
const loader = '/rom@etc/table-loader';
const resized = (name: string, length: (before: number) => number) => ({
  mutate: (a: Anatomy): Patch[] => [
    put(block(a, name).length, be64(length(block(a, name).usedLength))),
    total(a, length(block(a, name).usedLength) - block(a, name).usedLength),
  ],
});
const dropped = (name: string) => ({
  mutate: (a: Anatomy): Patch[] => [drop(block(a, name).span), total(a, -block(a, name).usedLength)],
});
const entry = (name: string, length: number): Uint8Array => join(counted(name), be64(length));
const all = (a: Anatomy): { start: number; end: number } => ({
  start: a.blocks[0]!.span.start,
  end: a.blocks.at(-1)!.span.end,
});
export const memory = (size: string): ((argv: readonly string[]) => readonly string[]) =>
  both(
    changing('-m', () => size),
    changing('-object', (value) => value.replace('size=2M', `size=${size}M`)),
  );

const blocks = rowsOf('block-list', 'plain', {
  'unknown name': { mutate: (a) => [put(mainBlock(a).name, counted('nobody'))] },
  'unknown name of a ROM': { mutate: (a) => [put(block(a, 'pc.bios').name, counted('pc.bias'))] },
  'letters to be escaped': { mutate: (a) => [put(mainBlock(a).name, counted('a\x01b\xffc'))] },
  'empty name': { mutate: (a) => [put(mainBlock(a).name, counted(''))] },
  'main memory not listed': dropped('pc.ram'),
  'a ROM not listed': dropped('pc.bios'),
  'nothing listed': { mutate: (a) => [drop(all(a)), put(a.total, be64(4))] },
  'listed backwards': {
    mutate: (a) => [put(all(a), join(...[...a.blocks].reverse().map(({ span }) => bytesOf(a, span))))],
  },
  'listed twice': {
    mutate: (a) => [
      insert(block(a, loader).span.end, bytesOf(a, block(a, loader).span)),
      total(a, block(a, loader).usedLength),
    ],
  },
  'twice as large': resized('pc.ram', (before) => before * 2),
  'half as large': resized('pc.ram', (before) => before / 2),
  'a page larger': resized('pc.ram', (before) => before + 0x1000),
  'length 0': { mutate: (a) => [put(mainBlock(a).length, be64(0)), total(a, -mainBlock(a).usedLength)] },
  'length 2^63': { mutate: (a) => [put(mainBlock(a).length, be64(1n << 63n))] },
  'a ROM larger': resized('pc.bios', (before) => before + 0x1000),
  'a resizable block larger': resized(tables, (before) => before + 0x1000),
  'a resizable block at its largest': resized(tables, () => 0x200000),
  'a resizable block too large': resized(tables, () => 0x201000),
  'a resizable block smaller than its pages': resized(tables, () => 0x1000),
  'table-loader larger': resized(loader, () => 0x2000),
  'table-loader much larger': resized(loader, () => 0x20000),
  'sum larger by a page': { mutate: (a) => [total(a, 0x1000)] },
  'sum smaller by a page': { mutate: (a) => [total(a, -0x1000)] },
  'sum is 0': { mutate: (a) => [put(a.total, be64(4))] },
  'sum ends before the last block': { mutate: (a) => [total(a, -a.blocks.at(-1)!.usedLength)] },
  'sum is huge': { mutate: (a) => [put(a.total, be64((1n << 62n) + 4n))] },
  'CONTINUE with MEM_SIZE': { mutate: (a) => [put(at(a.total.start + 7, 1), hex('24'))] },
  'a second list in a PART': {
    mutate: (a) => [insert(a.records[0]!.span.start, bytesOf(a, { start: a.total.start, end: all(a).end }))],
  },
  'a block nobody has, of length 0': { mutate: (a) => [insert(mainBlock(a).span.start, entry('nobody', 0))] },
  'an entry of 1 letter': { mutate: (a) => [insert(mainBlock(a).span.start, entry('x', 0x1000)), total(a, 0x1000)] },
  'destination has more memory': { on: { argv: memory('4') } },
  'destination has less memory': { on: { argv: memory('1') } },
  'destination’s backend has another name': {
    on: { argv: (argv) => argv.map((word) => word.replaceAll('pc.ram', 'other')) },
  },
  'destination’s memory is anonymous': {
    on: {
      argv: both(
        without('-object'),
        changing('-M', (value) => value.split(',')[0]!),
      ),
    },
  },
  'two blocks, one of them larger': {
    base: 'ignore-shared-2nodes',
    mutate: (a) => [put(block(a, 'mem1').length, be64(0x400000)), total(a, 0x200000)],
  },
});

export const share = (value: 'on' | 'off'): ((argv: readonly string[]) => readonly string[]) =>
  changing('-object', (old) => old.replace('share=on', `share=${value}`));
const backend = (object: string): ((argv: readonly string[]) => readonly string[]) => changing('-object', () => object);
export const gpaOf =
  (name: string, value: number | bigint) =>
  (a: Anatomy): Patch[] => [put(block(a, name).gpaAt!, be64(value))];
const inFour = (a: Anatomy): Patch[] =>
  a.blocks.map((one, index) => insert(one.span.end, index === 0 ? hex('01') : hex('00')));
const pageOf = (name: string, addr: number, flags = 8): Uint8Array =>
  join(be64(addr + flags), counted(name), new Uint8Array(flags === 8 ? 4096 : 1));
const firstRecord = (a: Anatomy): number => a.records[0]!.span.start;

const shared = rowsOf('ignore-shared', 'ignore-shared', {
  'share=on': {},
  'share=off': { on: { argv: share('off') } },
  'memfd, share=on': { on: { argv: backend('memory-backend-memfd,id=mem0,size=2M,share=on') } },
  'memfd, share=off': { on: { argv: backend('memory-backend-memfd,id=mem0,size=2M,share=off') } },
  'ram, share=on': { on: { argv: backend('memory-backend-ram,id=mem0,size=2M,share=on') } },
  'ram, share=off': { on: { argv: backend('memory-backend-ram,id=mem0,size=2M,share=off') } },
  'another address, share=on': { mutate: gpaOf('mem0', 0x1000) },
  'another address, share=off': { mutate: gpaOf('mem0', 0x1000), on: { argv: share('off') } },
  'a huge address, share=on': { mutate: gpaOf('mem0', (1n << 64n) - 1n) },
  'another address of a ROM': { mutate: gpaOf('pc.bios', 0x1000) },
  'another address and another length': {
    mutate: (a) => [...gpaOf('mem0', 0x1000)(a), put(block(a, 'mem0').length, be64(0x400000)), total(a, 0x200000)],
  },
  'another length, share=on': { mutate: (a) => [put(block(a, 'mem0').length, be64(0x400000)), total(a, 0x200000)] },
  'with the byte of 4.0': { mutate: inFour },
  'with the byte of 4.0, share=off': { mutate: inFour, on: { argv: share('off') } },
  'without addresses': { mutate: (a) => a.blocks.map(({ gpaAt }) => drop(gpaAt!)) },
  'a page of shared memory, share=on': { mutate: (a) => [insert(firstRecord(a), pageOf('mem0', 0))] },
  'a page of shared memory, share=off': {
    mutate: (a) => [insert(firstRecord(a), pageOf('mem0', 0))],
    on: { argv: share('off') },
  },
  'a zero page of shared memory, share=on': { mutate: (a) => [insert(firstRecord(a), pageOf('mem0', 0x3000, 2))] },
  'two nodes': { base: 'ignore-shared-2nodes' },
  'two nodes, both private': { base: 'ignore-shared-2nodes', on: { argv: share('off') } },
  'two nodes, both shared': {
    base: 'ignore-shared-2nodes',
    on: {
      argv: (argv) =>
        argv.map((word) =>
          word.startsWith('memory-backend-ram,id=mem1')
            ? 'memory-backend-file,id=mem1,size=2M,share=on,mem-path=mem1.img'
            : word,
        ),
    },
  },
  'two nodes, swapped': {
    base: 'ignore-shared-2nodes',
    on: {
      argv: (argv) =>
        argv.map((word) =>
          word === 'node,memdev=mem0' ? 'node,memdev=mem1' : word === 'node,memdev=mem1' ? 'node,memdev=mem0' : word,
        ),
    },
  },
  'memfd at both ends': { base: 'memfd' },
  'memfd at the source, a file at the destination': {
    base: 'memfd',
    on: { argv: backend('memory-backend-file,id=mem0,size=2M,share=on,mem-path=mem0.img') },
  },
  'memfd at the source, private at the destination': {
    base: 'memfd',
    on: { argv: backend('memory-backend-ram,id=mem0,size=2M') },
  },
});

const page = (a: Anatomy): ReturnType<typeof record> => record(a, ({ kind, named }) => kind === 'page' && !named);
const zero = (a: Anatomy): ReturnType<typeof record> => record(a, ({ kind, named }) => kind === 'zero' && !named);
const flags = (value: number) => ({
  mutate: (a: Anatomy): Patch[] => [put(at(page(a).word.start + 6, 2), be16((page(a).addr & 0xf000) | value))],
});
const before = (...bytes: readonly Uint8Array[]) => ({
  mutate: (a: Anatomy): Patch[] => [insert(page(a).span.start, ...bytes)],
});
export const word = (addr: number | bigint, bits: number): Uint8Array => be64(BigInt(addr) | BigInt(bits));

const zlib = (length: number): Uint8Array => deflateSync(new Uint8Array(length).fill(0x41));
const recompress =
  ({ body }: RecordPlace, change: (a: Uint8Array) => Uint8Array) =>
  (a: Anatomy): Patch[] => {
    const changed = change(bytesOf(a, body));
    return [put(at(body.start - 4, 4), be32(changed.length)), put(body, changed)];
  };
/** The first compressed page with another body. */
const compressed = (change: (body: Uint8Array) => Uint8Array) => ({
  base: 'compress',
  mutate: (a: Anatomy): Patch[] =>
    recompress(
      record(a, ({ kind }) => kind === 'compressed'),
      change,
    )(a),
});

const pages = rowsOf('pages', 'plain', {
  'address behind the block': { mutate: (a) => [put(page(a).word, word(0x20_0000_0000, 0x28))] },
  'address at the block’s end': { mutate: (a) => [put(page(a).word, word(block(a, page(a).block).usedLength, 0x28))] },
  'address of the last page': {
    mutate: (a) => [put(page(a).word, word(block(a, page(a).block).usedLength - 0x1000, 0x28))],
  },
  'address 2^63': { mutate: (a) => [put(page(a).word, word(1n << 63n, 0x28))] },
  'zero page behind the block': { mutate: (a) => [put(zero(a).word, word(0x7fff_f000, 0x22))] },
  'unknown block': before(word(0, 8), counted('nobody'), new Uint8Array(4096)),
  'block of no name': before(word(0, 8), counted(''), new Uint8Array(4096)),
  'block named again': before(word(0, 8), counted('pc.ram'), new Uint8Array(4096)),
  'CONTINUE first': { mutate: (a) => [insert(firstRecord(a), word(0, 0x28), new Uint8Array(4096))] },
  'zero CONTINUE first': { mutate: (a) => [insert(firstRecord(a), word(0, 0x22), hex('00'))] },
  'no flags': flags(0),
  'no flags but CONTINUE': flags(0x20),
  FULL: flags(0x01),
  'ZERO and PAGE': flags(0x2a),
  'ZERO and EOS': flags(0x32),
  HOOK: before(word(0, 0x80)),
  'HOOK and CONTINUE': before(word(0, 0xa0)),
  COMPRESS_PAGE: flags(0x120),
  MULTIFD_FLUSH: before(word(0, 0x200)),
  'MULTIFD_FLUSH and CONTINUE': before(word(0, 0x220)),
  'flag 0x400': flags(0x420),
  'flag 0x800': flags(0x820),
  'fill byte 0x41': { mutate: (a) => [put(zero(a).body, hex('41'))] },
  'fill byte 1': { mutate: (a) => [put(zero(a).body, hex('01'))] },
  'fill byte 255 of a named page': {
    mutate: (a) => [insert(page(a).span.start, word(0, 2), counted('pc.ram'), hex('ff'))],
  },
  'EOS missing in START': { mutate: (a) => [drop(a.marks[0]!.span)] },
  'EOS missing in PART': { mutate: (a) => [drop(a.marks[1]!.span)] },
  'EOS missing in END': { mutate: (a) => [drop(a.marks.at(-1)!.span)] },
  'EOS twice': { mutate: (a) => [insert(a.marks[1]!.span.end, word(0, 0x10))] },
  'EOS with CONTINUE': { mutate: (a) => [put(a.marks[1]!.span, word(0, 0x30))] },
  'EOS with an address': { mutate: (a) => [put(a.marks[1]!.span, word(0x5000, 0x10))] },
  'EOS in the middle': before(word(0, 0x10)),
  'a page twice': { mutate: (a) => [insert(page(a).span.end, bytesOf(a, page(a).span))] },
  'a page dropped': { mutate: (a) => [drop(page(a).span)] },
  'the first page dropped': { mutate: (a) => [drop(a.records[0]!.span)] },
  'other contents': { mutate: (a) => [put(page(a).body, new Uint8Array(4096).fill(0x55))] },
  'a byte lost': { mutate: (a) => [drop(at(page(a).body.start + 7, 1))] },
  'a byte too many': { mutate: (a) => [insert(page(a).body.start + 7, hex('00'))] },
  'XBZRLE, nothing changes': before(word(0, 0x40), counted('pc.ram'), hex('01 0000')),
  'XBZRLE, four bytes': before(word(0, 0x40), counted('pc.ram'), hex('01 0006 0404 aabbccdd')),
  'XBZRLE, another encoding': before(word(0, 0x40), counted('pc.ram'), hex('02 0000')),
  'XBZRLE, too long': before(word(0, 0x40), counted('pc.ram'), hex('01 1001'), new Uint8Array(0x1001)),
  'XBZRLE, does not decode': before(word(0, 0x40), counted('pc.ram'), hex('01 0004 00000000')),
  'XBZRLE, of a page behind the block': before(word(0x40000000, 0x40), counted('pc.ram'), hex('01 0000')),
  'XBZRLE as it was': { base: 'live-xbzrle' },
  'compressed as it was': { base: 'compress' },
  'compressed, capability off': { base: 'compress', on: { capabilities: {} } },
  'compressed, length too large': {
    base: 'compress',
    mutate: (a) => [put(at(record(a, ({ kind }) => kind === 'compressed').body.start - 4, 4), be32(0x7fffffff))],
  },
  'compressed, no zlib stream': compressed((body) => new Uint8Array(body.length).fill(0x55)),
  'compressed, the last byte missing': compressed((body) => body.subarray(0, -1)),
  'compressed, a wrong checksum': compressed((body) => body.with(body.length - 1, body.at(-1)! ^ 1)),
  'compressed, bytes behind': compressed((body) => join(body, hex('010203'))),
  'compressed, of length 0': compressed(() => new Uint8Array(0)),
  'compressed, of more than a page': compressed(() => zlib(4097)),
  'compressed, of two pages': compressed(() => zlib(8192)),
  'compressed, of less than a page': compressed(() => zlib(100)),
  'compressed, of no byte': compressed(() => zlib(0)),
  'compressed, the last page is no zlib stream': {
    base: 'compress',
    mutate: (a) => recompress(a.records.filter(({ kind }) => kind === 'compressed').at(-1)!, () => hex('00'))(a),
  },
  'compressed, no page is a zlib stream': {
    base: 'compress',
    mutate: (a) =>
      a.records.filter(({ kind }) => kind === 'compressed').flatMap((one) => recompress(one, () => hex('00'))(a)),
  },
  'compressed, no zlib stream, nobody checks': {
    ...compressed(() => hex('00')),
    on: { argv: adding('-global', 'migration.decompress-error-check=off') },
  },
  'compressed, no zlib stream, a machine of 2.12': {
    ...compressed(() => hex('00')),
    mutate: (a) => [
      ...compressed(() => hex('00')).mutate(a),
      put(a.machine.length, be32(2)),
      put(a.machine.name, text('pc')),
    ],
    on: { argv: machine('pc-i440fx-2.12') },
  },
  'resent as they were': { base: 'live' },
  'background-snapshot': { base: 'background-snapshot', on: { capabilities: {} } },
  'multifd without its channels': { base: 'multifd', on: { capabilities: {} } },
});

export const ramRows: readonly Row[] = [...commands, ...blocks, ...shared, ...pages];
