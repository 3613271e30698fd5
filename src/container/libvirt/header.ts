// The header of a libvirt save image (`virsh save`, managed save), in the byte order of the host that wrote it. Behind
// it stand the domain's XML, a cookie and padding, then the migration stream, compressed as a whole or not. libvirt:
// struct _virQEMUSaveHeader, src/qemu/qemu_saveimage.h; qemuSaveImageReadHeader(), qemu_saveimage.c.

import { latin1 } from '../../bytes/window.js';
import { MAX_DOMAIN_XML } from '../../limits.js';
import type { Codec } from '../../wire/kit/codec.js';
import { bytes, foreign, text, u32, type ForeignValue } from '../../wire/kit/foreign.js';

export const LIBVIRT_MAGIC_SIZE = 16;

/** "Part" until the save is complete: the last thing that libvirt writes is the other one. */
export type LibvirtMagic = 'LibvirtQemudSave' | 'LibvirtQemudPart';

/** virQEMUSaveFormat, in order. */
export const libvirtFormats = ['raw', 'gzip', 'bzip2', 'xz', 'lzop', 'zstd', 'sparse'] as const;
export type LibvirtFormat = (typeof libvirtFormats)[number];

/** The highest version that libvirt knows; a higher one makes it try the other byte order. */
export const LIBVIRT_VERSION = 2;

const fields = {
  /** `LibvirtMagic` */
  magic: text(LIBVIRT_MAGIC_SIZE),
  version: u32,
  /** Bytes of XML, cookie and padding behind the header. */
  dataLength: u32,
  wasRunning: u32,
  /** Index into `libvirtFormats`. */
  format: u32,
  /** From the end of the header, bytes; 0: no cookie. */
  cookieOffset: u32,
  /** 14 words, zero. */
  unused: bytes(56),
};

export const libvirtLittle = foreign('libvirt header', 'libvirtLittle', fields, true);
export const libvirtBig = foreign('libvirt header', 'libvirtBig', fields);
export const LIBVIRT_HEADER_SIZE = libvirtLittle.maxSize;

export interface LibvirtHeader extends ForeignValue<typeof fields> {
  readonly littleEndian: boolean;
}

/** Do these bytes begin as a save image does? */
export function isLibvirtMagic(bytes: Uint8Array): boolean {
  const magic = latin1(bytes, 0, Math.min(bytes.length, LIBVIRT_MAGIC_SIZE));
  return magic === 'LibvirtQemudSave' || magic === 'LibvirtQemudPart';
}

/** Can these be words of a version 0 header? 0 reads the same in both byte orders; libvirt takes it for little-endian. */
function isPlausible({ dataLength, wasRunning }: ForeignValue<typeof fields>): boolean {
  return dataLength <= MAX_DOMAIN_XML && wasRunning <= 1;
}

/**
 * 92 bytes; `not-a-stream` when the magic is another. The version tells the byte order, as in libvirt. In version 0 the
 * other words tell it.
 */
export const libvirtHeader: Codec<LibvirtHeader> = {
  ...libvirtLittle,
  decode(window) {
    const { at, position: offset } = window;
    const little = libvirtLittle.decode(window);
    if (!isLibvirtMagic(window.bytes.subarray(at)))
      throw window.fail('not-a-stream', 'no libvirt save image', { offset });
    if (little.version <= LIBVIRT_VERSION && (little.version > 0 || isPlausible(little)))
      return { littleEndian: true, ...little };
    window.at = at;
    const big = libvirtBig.decode(window);
    const foreignHost = big.version <= LIBVIRT_VERSION && (big.version > 0 || isPlausible(big));
    return foreignHost ? { littleEndian: false, ...big } : { littleEndian: true, ...little };
  },
  encode(emitter, header) {
    (header.littleEndian ? libvirtLittle : libvirtBig).encode(emitter, header);
  },
};

/** Where the stream begins, bytes from the start of the file. */
export function libvirtStreamOffset(header: LibvirtHeader): number {
  return LIBVIRT_HEADER_SIZE + header.dataLength;
}
