// The size of a disk image for the guest, without asking QEMU: raw files, block devices and qcow2. QEMU:
// raw_getlength(), qcow2_open().

import { closeSync, openSync, readFileSync, readSync, realpathSync, fstatSync } from 'node:fs';
import { basename } from 'node:path';

const SECTOR = 512;

/** First bytes of formats whose size only QEMU can tell: vmdk, vhdx, vpc, qed, parallels, vdi (at 64), qcow 1. */
const OTHERS: readonly { readonly at: number; readonly magic: string }[] = [
  { at: 0, magic: 'KDMV' },
  { at: 0, magic: 'COWD' },
  { at: 0, magic: 'vhdxfile' },
  { at: 0, magic: 'conectix' },
  { at: 0, magic: 'QED\0' },
  { at: 0, magic: 'WithoutFreeSpace' },
  { at: 0, magic: 'WithouFreSpacExt' },
  { at: 0, magic: 'QFI\xfb\0\0\0\x01' },
  { at: 64, magic: '\x7f\x10\xda\xbe' },
];

export type ImageFormat = 'raw' | 'qcow2' | 'other';

export interface Image {
  /** The format of the image, as far as it matters here. */
  readonly format: ImageFormat;
  /** Bytes of the image as a raw disk. */
  readonly rawSize: number;
  /** Bytes that the guest sees when the image is a qcow2. */
  readonly qcow2Size: number | undefined;
}

/** @throws Error of the file system when it cannot be read */
export function lookAtImage(path: string): Image {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(SECTOR);
    const got = readSync(file, head, 0, SECTOR, 0);
    const stat = fstatSync(file);
    const size = stat.isBlockDevice() ? deviceSize(path) : stat.size;
    const starts = (at: number, magic: string): boolean =>
      head.subarray(at, at + magic.length).equals(Buffer.from(magic, 'latin1'));
    const qcow2 = got >= 32 && starts(0, 'QFI\xfb\0\0\0') && head[7]! >= 2;
    const foreign = OTHERS.some(({ at, magic }) => starts(at, magic));
    return {
      format: qcow2 ? 'qcow2' : foreign ? 'other' : 'raw',
      rawSize: Math.ceil(size / SECTOR) * SECTOR,
      qcow2Size: qcow2 ? Number(head.readBigUInt64BE(24)) : undefined,
    };
  } finally {
    closeSync(file);
  }
}

/** Bytes, as the kernel reports. */
function deviceSize(path: string): number {
  return Number(readFileSync(`/sys/class/block/${basename(realpathSync(path))}/size`, 'utf8')) * SECTOR;
}
