// What stands before the stream of a libvirt save image, written: header, domain XML, cookie, padding. libvirt:
// virQEMUSaveDataNew(), virQEMUSaveDataWrite(), src/qemu/qemu_saveimage.c.

import { concatBytes, latin1Bytes } from '../../base/bytes.js';
import { latin1 } from '../../bytes/window.js';
import { encodeBytes } from '../../wire/kit/codec.js';
import type { KeepContext } from '../container.js';
import { notKept } from '../keep.js';
import {
  LIBVIRT_HEADER_SIZE,
  libvirtFormats,
  libvirtHeader,
  type LibvirtFormat,
  type LibvirtHeader,
} from './header.js';
import { MAX_DOMAIN_XML } from '../../limits.js';

/** libvirt leaves so much room behind XML and cookie for a longer XML. QEMU_SAVE_DATA's 64 KiB, qemu_saveimage.c. */
const PADDING = 64 * 1024;

const MACHINE = /(<type\b[^>]{0,200}\bmachine=)(['"])([^'"]{1,200})\2/;

/**
 * The head of an image again. `data`: the bytes between the old header and the old stream. Where XML and machine type
 * stay as they are, the answer is what stood there. A longer XML takes room of the padding; where that is too small,
 * the length grows, and 64 KiB of padding follow.
 * @throws MigrationStreamError `cannot-encode`: no domain XML in `context.xml`, or no machine type in the XML
 */
export function imageHead(
  header: LibvirtHeader,
  data: Uint8Array,
  { machine, xml }: Pick<KeepContext, 'machine' | 'xml'>,
): Uint8Array {
  const cookieAt = header.cookieOffset > 0 && header.cookieOffset < data.length ? header.cookieOffset : undefined;
  const before = upToNul(data.subarray(0, cookieAt ?? data.length));
  const after = withMachine(xml === undefined ? before : checkedXml(xml), xml === undefined ? machine : undefined);
  if (after === before) return concatBytes([encodeBytes(libvirtHeader, header), data]);
  const cookie = cookieAt === undefined ? undefined : upToNul(data.subarray(cookieAt));
  return headOf(header, after, cookie);
}

export interface FreshHead {
  /** The domain XML without its NUL, as libvirt would save it. */
  readonly xml: Uint8Array;
  /** Of the stream behind the head. */
  readonly format: LibvirtFormat;
  readonly wasRunning: boolean;
  /** The cookie of the image that the stream came in: libvirt's note of the guest's CPU. */
  readonly cookie?: Uint8Array | undefined;
}

/** The head of a new image in the byte order of most hosts. @throws MigrationStreamError `cannot-encode` */
export function freshHead({ xml, format, wasRunning, cookie }: FreshHead): Uint8Array {
  const header: LibvirtHeader = {
    magic: 'LibvirtQemudSave',
    littleEndian: true,
    version: 2,
    dataLength: 0,
    wasRunning: Number(wasRunning),
    format: libvirtFormats.indexOf(format),
    cookieOffset: 0,
    unused: new Uint8Array(56),
  };
  return headOf(header, checkedXml(xml), cookie);
}

function headOf(header: LibvirtHeader, xml: Uint8Array, cookie: Uint8Array | undefined): Uint8Array {
  const needed = xml.length + 1 + (cookie === undefined ? 0 : cookie.length + 1);
  const dataLength = needed <= header.dataLength ? header.dataLength : needed + PADDING;
  const cookieOffset = cookie === undefined ? 0 : xml.length + 1;
  const bytes = new Uint8Array(LIBVIRT_HEADER_SIZE + dataLength);
  bytes.set(encodeBytes(libvirtHeader, { ...header, dataLength, cookieOffset }));
  bytes.set(xml, LIBVIRT_HEADER_SIZE);
  if (cookie !== undefined) bytes.set(cookie, LIBVIRT_HEADER_SIZE + cookieOffset);
  return bytes;
}

/** The same XML with another machine type; the same array where it names that one already. @throws `cannot-encode` */
function withMachine(xml: Uint8Array, machine: string | undefined): Uint8Array {
  if (machine === undefined) return xml;
  // One character for each byte: what stands around the name need not be text that we understand.
  const text = latin1(xml, 0, xml.length);
  const found = MACHINE.exec(text);
  if (found === null) throw notKept('the domain XML names no machine type that could be changed', { code: 'give-xml' });
  if (found[3] === machine) return xml;
  return latin1Bytes(text.replace(MACHINE, (_, start: string, mark: string) => `${start}${mark}${machine}${mark}`));
}

/** @throws MigrationStreamError `cannot-encode` */
function checkedXml(xml: Uint8Array): Uint8Array {
  const text = latin1(xml, 0, xml.length);
  if (!/<domain[\s>]/.test(text) || text.includes('\0')) throw notKept('this is no domain XML', { code: 'print-xml' });
  if (xml.length > MAX_DOMAIN_XML / 2) throw notKept(`${xml.length} bytes of domain XML`, { code: 'print-xml' });
  return xml;
}

function upToNul(bytes: Uint8Array): Uint8Array {
  const nul = bytes.indexOf(0);
  return nul === -1 ? bytes : bytes.subarray(0, nul);
}
