// Files that hold a migration stream in some place of theirs: libvirt's save images, qcow2 snapshots, and files in
// which something stands before the stream.

import { quote } from '../../base/quote.js';
import { latin1, Window } from '../../bytes/window.js';
import { QEMU_VM_FILE_VERSION } from '../../wire/file-header.js';
import {
  isLibvirtMagic,
  LIBVIRT_HEADER_SIZE,
  LIBVIRT_VERSION,
  libvirtFormats,
  libvirtHeader,
  libvirtStreamOffset,
  type LibvirtFormat,
  type LibvirtHeader,
} from '../libvirt/header.js';
import { feed, fileWord, stands, type Head, type Recognised } from './result.js';

/** How libvirt itself undoes each format. */
const unpack: Readonly<Record<LibvirtFormat, string | undefined>> = {
  raw: undefined,
  gzip: 'gunzip -c',
  bzip2: 'bzip2 -dc',
  xz: 'xz -dc',
  lzop: 'lzop -dc',
  zstd: 'zstd -dc',
  sparse: undefined,
};

export function recogniseLibvirt(head: Head): Recognised | undefined {
  if (!isLibvirtMagic(head.bytes)) return undefined;
  const kind = 'libvirt-save';
  if (head.bytes.length < LIBVIRT_HEADER_SIZE) {
    return {
      kind,
      title: 'a libvirt save image',
      detail: 'cut off inside its header',
      hint: 'the file ends too early: was the copy cut short?',
    };
  }
  const header = libvirtHeader.decode(Window.over(head.bytes.subarray(0, LIBVIRT_HEADER_SIZE)));
  const complete = header.magic === 'LibvirtQemudSave';
  const title = complete ? 'a libvirt save image' : 'an unfinished libvirt save image';
  if (header.version > LIBVIRT_VERSION) {
    return {
      kind,
      title,
      detail: `version ${header.version}, which nobody knows`,
      hint: 'a newer libvirt wrote it, or it is damaged',
    };
  }
  // Only version 2 has formats; what is behind version 1 is the stream as it is.
  const format = header.version < LIBVIRT_VERSION ? 'raw' : libvirtFormats[header.format];
  const streamAt = libvirtStreamOffset(header);
  const detail = [
    `version ${header.version}`,
    format ?? `unknown format ${header.format}`,
    header.littleEndian ? undefined : 'big-endian host',
    domainName(head, header),
    `${header.dataLength} bytes of XML`,
  ];
  return {
    kind,
    title,
    detail: detail.filter((part) => part !== undefined).join(', '),
    hint: libvirtHint(head, format, streamAt, complete),
    streamAt,
  };
}

function libvirtHint(head: Head, format: LibvirtFormat | undefined, streamAt: number, complete: boolean): string {
  if (format === undefined) return 'a newer libvirt wrote it, or it is damaged';
  if (format === 'sparse') {
    return `mapped-ram counts its offsets from the start of this file, so the stream cannot be cut out; \`virsh restore ${fileWord(head)}\` loads it`;
  }
  const command = feed(head, streamAt, unpack[format]);
  return complete ? command : `libvirt was interrupted while it saved, so the stream may end early; ${command}`;
}

/** The domain's name, when its XML begins inside of what we see. */
function domainName({ bytes }: Head, header: LibvirtHeader): string | undefined {
  const end = Math.min(bytes.length, libvirtStreamOffset(header), LIBVIRT_HEADER_SIZE + 4096);
  const name = /<name>([^<]{1,200})<\/name>/.exec(latin1(bytes, LIBVIRT_HEADER_SIZE, end))?.[1];
  return name === undefined ? undefined : `domain ${quote(name)}`;
}

/** QCOW_MAGIC */
const QCOW = 'QFI\xfb';
const NB_SNAPSHOTS = 60;

export function recogniseQcow2(head: Head): Recognised | undefined {
  if (!stands(head, QCOW) || head.bytes.length < 8) return undefined;
  const version = head.view.getUint32(4);
  const kind = 'qcow2';
  if (version !== 2 && version !== 3)
    return {
      kind,
      title: 'a qcow disk image',
      detail: `version ${version}`,
      hint: 'a disk has no migration stream in front',
    };
  if (head.bytes.length < NB_SNAPSHOTS + 4)
    return {
      kind,
      title: 'a qcow2 disk image',
      detail: `version ${version}, cut off inside its header`,
      hint: undefined,
    };
  const snapshots = head.view.getUint32(NB_SNAPSHOTS);
  const count =
    snapshots === 0
      ? 'no internal snapshots'
      : snapshots === 1
        ? '1 internal snapshot'
        : `${snapshots} internal snapshots`;
  const hint =
    snapshots === 0
      ? 'nothing that savevm made is inside'
      : `savevm keeps streams in its snapshots: \`qemu-img snapshot -l ${fileWord(head)}\` lists them, and a QEMU started with -loadvm TAG can migrate one to a file`;
  return { kind, title: 'a qcow2 disk image', detail: `version ${version}, ${count}`, hint };
}

const QEVM = [0x51, 0x45, 0x56, 0x4d] as const;
const PAGE = 4096;

/** Header and version somewhere behind the start: on a page boundary rather than elsewhere, earlier rather than later. */
export function recogniseEmbedded(head: Head): Recognised | undefined {
  const found = streamHeaders(head);
  const streamAt = found.find((at) => at % PAGE === 0) ?? found[0];
  if (streamAt === undefined) return undefined;
  const zeros = head.bytes.subarray(0, streamAt).every((byte) => byte === 0);
  const detail = zeros ? 'zeros before it, as `file:…,offset=` leaves them' : '';
  const hint = `${feed(head, streamAt)}; not so if it is a mapped-ram stream, whose offsets count from the start of the file`;
  return { kind: 'embedded-stream', title: 'a file with a migration stream inside', detail, hint, streamAt };
}

function streamHeaders({ bytes, view }: Head): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(QEVM[0], 1); at !== -1 && at + 8 <= bytes.length; at = bytes.indexOf(QEVM[0], at + 1)) {
    if (QEVM.every((byte, i) => bytes[at + i] === byte) && view.getUint32(at + 4) === QEMU_VM_FILE_VERSION)
      found.push(at);
  }
  return found;
}
