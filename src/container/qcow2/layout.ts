// The records of a qcow2 image, each as one list of fields for both directions. All numbers are big-endian. QEMU:
// docs/interop/qcow2.rst, block/qcow2.h.

import { foreign, size64, u16, u32, u64 } from '../../wire/kit/foreign.js';

/** QCOW_MAGIC: "QFI\xfb" */
export const QCOW_MAGIC = 0x5146_49fb;

/** The first 72 bytes: the whole header of version 2. */
export const headerFields = foreign('header', 'qcow2Header', {
  magic: u32,
  version: u32,
  /** Bytes from the start of the image; 0: no backing file. */
  backingNameAt: size64,
  backingNameSize: u32,
  clusterBits: u32,
  /** Of the virtual disk, bytes. */
  diskSize: size64,
  /** Index into `cryptMethods`. */
  cryptMethod: u32,
  /** Entries of the active L1 table. */
  l1Size: u32,
  l1At: size64,
  refcountTableAt: size64,
  refcountTableClusters: u32,
  snapshotCount: u32,
  snapshotsAt: size64,
});
export const HEADER_V2_SIZE = headerFields.maxSize;

/** What version 3 has behind them. */
export const headerFields3 = foreign('header', 'qcow2Header3', {
  incompatible: u64,
  compatible: u64,
  autoclear: u64,
  /** A refcount has 2^refcountOrder bits. */
  refcountOrder: u32,
  headerLength: u32,
});
export const HEADER_V3_SIZE = HEADER_V2_SIZE + headerFields3.maxSize;

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
export const extensionFields = foreign('header extension', 'qcow2Extension', { type: u32, length: u32 });

/** The first 40 bytes of a snapshot's entry; behind them extra data, id and name, padded to 8 bytes. */
export const snapshotFields = foreign('snapshot', 'qcow2Snapshot', {
  l1At: size64,
  l1Size: u32,
  idSize: u16,
  nameSize: u16,
  dateSeconds: u32,
  dateNanoseconds: u32,
  vmClock: u64,
  vmStateSize32: u32,
  extraSize: u32,
});
export const SNAPSHOT_FIELDS_SIZE = snapshotFields.maxSize;

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
