// The records of a qcow2 image, each as one list of fields for both directions. All numbers are big-endian. QEMU:
// docs/interop/qcow2.rst, block/qcow2.h.

import { be16, be32, be64, be64big } from '../../wire/kit/codec.js';
import { record } from '../../wire/kit/record.js';

/** QCOW_MAGIC: "QFI\xfb" */
export const QCOW_MAGIC = 0x5146_49fb;

/** The first 72 bytes: the whole header of version 2. */
export const headerFields = record('header', {
  magic: be32,
  version: be32,
  /** Bytes from the start of the image; 0: no backing file. */
  backingNameAt: be64,
  backingNameSize: be32,
  clusterBits: be32,
  /** Of the virtual disk, bytes. */
  diskSize: be64,
  /** Index into `cryptMethods`. */
  cryptMethod: be32,
  /** Entries of the active L1 table. */
  l1Size: be32,
  l1At: be64,
  refcountTableAt: be64,
  refcountTableClusters: be32,
  snapshotCount: be32,
  snapshotsAt: be64,
});
export const HEADER_V2_SIZE = 72;

/** What version 3 has behind them. */
export const headerFields3 = record('header', {
  incompatible: be64big,
  compatible: be64big,
  autoclear: be64big,
  /** A refcount has 2^refcountOrder bits. */
  refcountOrder: be32,
  headerLength: be32,
});
export const HEADER_V3_SIZE = 104;

/** Position in the header of nb_snapshots and snapshots_offset, which a rewrite of the table switches. */
export const SNAPSHOT_FIELDS_AT = 60;
/** Position in the header of the compression type, one byte, where the header is longer than 104 bytes. */
export const COMPRESSION_TYPE_AT = 104;

export const cryptMethods = ['none', 'AES', 'LUKS'] as const;
export const compressionTypes = ['deflate', 'zstd'] as const;

/** Bits of `incompatible`. QEMU: QCOW2_INCOMPAT_*, block/qcow2.h. */
export const incompatible = {
  dirty: 1n << 0n,
  corrupt: 1n << 1n,
  dataFile: 1n << 2n,
  compression: 1n << 3n,
  extendedL2: 1n << 4n,
} as const;

/** Types of header extensions. QEMU: QCOW2_EXT_MAGIC_*, block/qcow2.c. */
export const extensionType = {
  end: 0,
  backingFormat: 0xe279_2aca,
  featureNames: 0x6803_f857,
  dataFile: 0x4441_5441,
} as const;

/** A header extension without its data, which is padded to 8 bytes. */
export const extensionFields = record('header extension', { type: be32, length: be32 });

/** The first 40 bytes of a snapshot's entry; behind them extra data, id and name, padded to 8 bytes. */
export const snapshotFields = record('snapshot', {
  l1At: be64,
  l1Size: be32,
  idSize: be16,
  nameSize: be16,
  dateSeconds: be32,
  dateNanoseconds: be32,
  vmClock: be64big,
  vmStateSize32: be32,
  extraSize: be32,
});
export const SNAPSHOT_FIELDS_SIZE = 40;

/** A snapshot's extra data as QEMU 5.2 and later write it: three numbers of 8 bytes. */
export const EXTRA_SIZE = 24;
/** `icount` where QEMU counts no instructions. */
export const NO_ICOUNT = 0xffff_ffff_ffff_ffffn;

/** Bits of an L1 or L2 entry's high half. */
export const entryHigh = {
  /** Refcount is exactly 1 (bit 63); says nothing in the tables of a snapshot. */
  copied: 0x8000_0000,
  /** Bit 62. */
  compressed: 0x4000_0000,
  /** Bits 32 to 55 of the offset. */
  offset: 0x00ff_ffff,
} as const;
/** Bits of an L1 or L2 entry's low half. */
export const entryLow = {
  /** Bits 9 to 31 of the offset. */
  offset: 0xffff_fe00,
  /** Reads as zeros (version 3, no extended L2). */
  zero: 1,
} as const;

/** A cluster with an extended L2 entry has so many subclusters. */
export const SUBCLUSTERS = 32;
