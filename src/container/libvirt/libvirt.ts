// A libvirt save image, opened: header, domain XML, cookie, padding, and the stream or its compressed form behind them.
// libvirt: qemuSaveImageOpen(), virQEMUSaveDataWrite(), src/qemu/qemu_saveimage.c; docs/containers/libvirt.md.

import { MigrationStreamError } from '../../base/errors.js';
import { quote } from '../../base/quote.js';
import { peekSource } from '../../bytes/peek.js';
import { rangeSource, readSource, type ByteSource } from '../../bytes/source.js';
import { Window } from '../../bytes/window.js';
import { MAX_DOMAIN_XML } from '../../limits.js';
import type { Container, ContainerFacts, ContainerNote, Layer } from '../container.js';
import { forward } from '../keep.js';
import { HEAD_SIZE } from '../recognise/result.js';
import { dataOf, type SaveData } from './data.js';
import { formatNotes, streamFormat } from './format.js';
import {
  isLibvirtMagic,
  LIBVIRT_HEADER_SIZE,
  LIBVIRT_VERSION,
  libvirtFormats,
  libvirtHeader,
  libvirtStreamOffset,
  type LibvirtFormat,
  type LibvirtHeader,
} from './header.js';
import { imageHead } from './write.js';

export interface LibvirtFacts extends ContainerFacts {
  readonly container: 'libvirt';
  /** False: libvirt was interrupted while it saved ("LibvirtQemudPart"). */
  readonly complete: boolean;
  readonly version: number;
  readonly byteOrder: 'little' | 'big';
  /** Bytes of XML, cookie and padding. */
  readonly dataLength: number;
  readonly wasRunning: boolean;
  /** The format word as it stands. */
  readonly formatWord: number;
  /** What the word says, where libvirt knows it and looks at it (version 2). */
  readonly format: LibvirtFormat | null;
  /** What the stream's bytes say; null: they are nothing known. */
  readonly streamFormat: LibvirtFormat | 'lz4' | null;
  /** Name of the domain. */
  readonly domain: string | null;
  /** Machine type in the domain XML. */
  readonly machine: string | null;
  readonly cookie: boolean;
}

export const libvirtContainer: Container<LibvirtFacts> = {
  name: 'libvirt',
  stands: (head) => isLibvirtMagic(head.bytes) && head.bytes.length >= 16,
  async open(outer, head) {
    const header = headerOf(head.bytes);
    const bytes = await readData(outer, header);
    const data = dataOf(header, bytes);
    const streamAt = libvirtStreamOffset(header);
    const inner = peekSource(rangeSource(outer, streamAt, undefined));
    const actual = streamFormat(await inner.peek(HEAD_SIZE));
    const facts = factsOf(header, data, actual);
    const documents = [
      { name: 'domain', text: data.xml },
      ...(data.cookie === undefined ? [] : [{ name: 'cookie', text: data.cookie }]),
    ];
    const keep: Layer['keep'] = async (sink, context) => {
      const before = imageHead(header, bytes, context);
      await sink.write(before);
      return { sink: forward(sink), shift: before.length - streamAt };
    };
    return { facts, inner, streamAt, locate: (at) => at + streamAt, documents, keep };
  },
};

function headerOf(bytes: Uint8Array): LibvirtHeader {
  if (bytes.length < LIBVIRT_HEADER_SIZE)
    throw new MigrationStreamError({
      code: 'truncated',
      message: 'the libvirt save image ends inside its header',
      offset: bytes.length,
    });
  const header = libvirtHeader.decode(Window.over(bytes.subarray(0, LIBVIRT_HEADER_SIZE)));
  if (header.version > LIBVIRT_VERSION)
    throw new MigrationStreamError({
      code: 'unsupported',
      message: `libvirt save image version ${header.version} is not known (0 to ${LIBVIRT_VERSION} are)`,
      offset: 16,
      hint: { code: 'newer-libvirt' },
    });
  return header;
}

/** XML, cookie and padding. */
async function readData(outer: ByteSource, { dataLength }: LibvirtHeader): Promise<Uint8Array> {
  if (dataLength > MAX_DOMAIN_XML)
    throw new MigrationStreamError({
      code: 'limit-exceeded',
      message: `${dataLength} bytes of XML in a libvirt save image`,
      offset: 20,
    });
  if (outer.size !== undefined && outer.size < LIBVIRT_HEADER_SIZE + dataLength) throw cut(outer.size, dataLength);
  const data = new Uint8Array(dataLength);
  for (let got = 0; got < dataLength;) {
    const more = await readSource(outer, data.subarray(got), LIBVIRT_HEADER_SIZE + got);
    if (more === 0) throw cut(LIBVIRT_HEADER_SIZE + got, dataLength);
    got += more;
  }
  return data;
}

function cut(offset: number, dataLength: number): MigrationStreamError {
  return new MigrationStreamError({
    code: 'truncated',
    message: `the libvirt save image ends inside its ${dataLength} bytes of XML`,
    offset,
    hint: { code: 'copy-cut' },
  });
}

function factsOf(header: LibvirtHeader, data: SaveData, actual: LibvirtFacts['streamFormat']): LibvirtFacts {
  const complete = header.magic === 'LibvirtQemudSave';
  const word = header.version === LIBVIRT_VERSION ? (libvirtFormats[header.format] ?? null) : null;
  const notes: ContainerNote[] = [
    ...(complete
      ? []
      : [
          {
            code: 'unfinished',
            message: 'libvirt was interrupted while it saved (magic "LibvirtQemudPart"): the stream may end early',
          },
        ]),
    ...data.notes,
    ...formatNotes(header, actual),
  ];
  return {
    container: 'libvirt',
    title: complete ? 'a libvirt save image' : 'an unfinished libvirt save image',
    details: [
      `version ${header.version}`,
      actual ?? word ?? `unknown format ${header.format}`,
      ...(header.littleEndian ? [] : ['big-endian host']),
      ...(data.name === undefined ? [] : [`domain ${quote(data.name)}`]),
      `${header.dataLength} bytes of XML and padding`,
    ],
    notes,
    complete,
    version: header.version,
    byteOrder: header.littleEndian ? 'little' : 'big',
    dataLength: header.dataLength,
    wasRunning: header.wasRunning !== 0,
    formatWord: header.format,
    format: word,
    streamFormat: actual,
    domain: data.name ?? null,
    machine: data.machine ?? null,
    cookie: data.cookie !== undefined,
  };
}
