// The header of a libvirt save image (`virsh save`, managed save), in the byte order of the host that wrote it. Behind
// it stand the domain's XML, a cookie and padding, then the migration stream, compressed as a whole or not. libvirt:
// struct _virQEMUSaveHeader, src/qemu/qemu_saveimage.h; qemuSaveImageReadHeader(), qemu_saveimage.c.

import { Parser } from 'binary-parser/dist/binary_parser.js';
import { cannotEncode } from '../../bytes/emitter.js';
import { latin1 } from '../../bytes/window.js';
import type { Codec } from '../../wire/kit/codec.js';

export const LIBVIRT_HEADER_SIZE = 92;
export const LIBVIRT_MAGIC_SIZE = 16;

/** "Part" until the save is complete: the last thing that libvirt writes is the other one. */
export type LibvirtMagic = 'LibvirtQemudSave' | 'LibvirtQemudPart';

/** virQEMUSaveFormat, in order. */
export const libvirtFormats = ['raw', 'gzip', 'bzip2', 'xz', 'lzop', 'zstd', 'sparse'] as const;
export type LibvirtFormat = (typeof libvirtFormats)[number];

/** The highest version that libvirt knows; a higher one makes it try the other byte order. */
export const LIBVIRT_VERSION = 2;
const UNUSED_WORDS = 14;

export interface LibvirtHeader {
  readonly magic: LibvirtMagic;
  readonly littleEndian: boolean;
  readonly version: number;
  /** Bytes of XML, cookie and padding behind the header. */
  readonly dataLength: number;
  readonly wasRunning: number;
  /** Index into `libvirtFormats`. */
  readonly format: number;
  /** From the end of the header, bytes; 0: no cookie. */
  readonly cookieOffset: number;
  /** 14 words, zero. */
  readonly unused: readonly number[];
}

type Fields = Omit<LibvirtHeader, 'littleEndian'>;

const parserOf = (order: 'little' | 'big'): Parser =>
  new Parser()
    .endianness(order)
    .string('magic', { length: LIBVIRT_MAGIC_SIZE, encoding: 'latin1' })
    .uint32('version')
    .uint32('dataLength')
    .uint32('wasRunning')
    .uint32('format')
    .uint32('cookieOffset')
    .array('unused', { type: order === 'little' ? 'uint32le' : 'uint32be', length: UNUSED_WORDS });

const little = parserOf('little');
const big = parserOf('big');

/** Do these bytes begin as a save image does? */
export function isLibvirtMagic(bytes: Uint8Array): boolean {
  const magic = latin1(bytes, 0, Math.min(bytes.length, LIBVIRT_MAGIC_SIZE));
  return magic === 'LibvirtQemudSave' || magic === 'LibvirtQemudPart';
}

/** 92 bytes; `not-a-stream` when the magic is another. The byte order is found as libvirt finds it: by the version. */
export const libvirtHeader: Codec<LibvirtHeader> = {
  decode(window) {
    const offset = window.position;
    // An exact slice: binary-parser reads whatever it is given, and would not say that it is short.
    const bytes = window.take(LIBVIRT_HEADER_SIZE);
    if (!isLibvirtMagic(bytes)) throw window.fail('not-a-stream', 'no libvirt save image', { offset });
    const first = little.parse(bytes) as Fields;
    if (first.version <= LIBVIRT_VERSION) return { littleEndian: true, ...first };
    const second = big.parse(bytes) as Fields;
    return second.version <= LIBVIRT_VERSION ? { littleEndian: false, ...second } : { littleEndian: true, ...first };
  },
  encode(emitter, header) {
    const { littleEndian, magic, version, dataLength, wasRunning, format, cookieOffset, unused } = header;
    if (unused.length !== UNUSED_WORDS)
      throw cannotEncode(`${unused.length} unused words where the header has ${UNUSED_WORDS}`);
    emitter.latin1(magic);
    for (const word of [version, dataLength, wasRunning, format, cookieOffset, ...unused]) {
      if (!Number.isInteger(word) || word < 0 || word > 0xffff_ffff) throw cannotEncode(`${word} does not fit 32 bits`);
      emitter.view.setUint32(emitter.at, word, littleEndian);
      emitter.at += 4;
    }
  },
  size: () => LIBVIRT_HEADER_SIZE,
  maxSize: LIBVIRT_HEADER_SIZE,
  describe: () =>
    'magic: 16 bytes, version, data_len, was_running, format, cookieOffset: u32 in host order, 14 unused u32',
};

/** Where the stream begins, bytes from the start of the file. */
export function libvirtStreamOffset(header: LibvirtHeader): number {
  return LIBVIRT_HEADER_SIZE + header.dataLength;
}
