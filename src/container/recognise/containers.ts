// Files that hold a migration stream in some place of theirs: libvirt's save images, qcow2 snapshots, and files in
// which something stands before the stream. What else they say is the containers' own to read.

import { QEMU_VM_FILE_VERSION } from '../../wire/file-header.js';
import { isLibvirtMagic } from '../libvirt/header.js';
import { stands, type Head, type Recognised } from './result.js';

export function recogniseLibvirt({ bytes }: Head): Recognised | undefined {
  if (!isLibvirtMagic(bytes)) return undefined;
  return { kind: 'libvirt-save', title: 'a libvirt save image', detail: '', hint: undefined };
}

/** QCOW_MAGIC; version 1 has the same. */
export function recogniseQcow2(head: Head): Recognised | undefined {
  if (!stands(head, 'QFI\xfb') || head.bytes.length < 8) return undefined;
  const version = head.view.getUint32(4);
  const title = version === 2 || version === 3 ? 'a qcow2 disk image' : 'a qcow disk image';
  return { kind: 'qcow2', title, detail: `version ${version}`, hint: undefined };
}

const QEVM = [0x51, 0x45, 0x56, 0x4d] as const;
const PAGE = 4096;

/**
 * Header and version somewhere behind the start: on a page boundary rather than elsewhere, earlier rather than later.
 */
export function recogniseEmbedded(head: Head): Recognised | undefined {
  const found = streamHeaders(head);
  const streamAt = found.find((at) => at % PAGE === 0) ?? found[0];
  if (streamAt === undefined) return undefined;
  const zeros = head.bytes.subarray(0, streamAt).every((byte) => byte === 0);
  const detail = zeros ? 'zeros before it, as `file:…,offset=` leaves them' : '';
  const title = 'a file with a migration stream inside';
  return { kind: 'embedded-stream', title, detail, hint: undefined, streamAt };
}

function streamHeaders({ bytes, view }: Head): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(QEVM[0], 1); at !== -1 && at + 8 <= bytes.length; at = bytes.indexOf(QEVM[0], at + 1)) {
    if (QEVM.every((byte, i) => bytes[at + i] === byte) && view.getUint32(at + 4) === QEMU_VM_FILE_VERSION)
      found.push(at);
  }
  return found;
}
