// The flags in the low bits of every be64 of the RAM section. They take the bits of the offset in a page, so the target
// page size is needed to separate them from the address. QEMU: RAM_SAVE_FLAG_* in migration/ram.c.

export const ramFlag = {
  /** Called COMPRESS before QEMU 2.4. A page that repeats one byte; in practice the byte is 0. */
  zero: 0x02,
  memSize: 0x04,
  page: 0x08,
  eos: 0x10,
  /** A modifier: no block name follows; the record belongs to the block of the previous record. */
  continue: 0x20,
  xbzrle: 0x40,
  /** RDMA only; nothing follows in the stream. */
  hook: 0x80,
  /** zlib, 2.4 to 9.0. */
  compressPage: 0x100,
  /** Since 8.1. */
  multifdFlush: 0x200,
} as const;

/** All flags except CONTINUE; a record has exactly one of them. */
export const recordFlags: readonly number[] = Object.values(ramFlag).filter((flag) => flag !== ramFlag.continue);

/** ENCODING_FLAG_XBZRLE, the first byte of an XBZRLE body. */
export const XBZRLE_ENCODING = 0x01;
