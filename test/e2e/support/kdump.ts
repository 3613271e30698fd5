// kdump files taken apart: the flattened form put in order, and how each page was compressed. Imports nothing of ours.

import { readFile } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';

const FLAT_HEADER = 4096;
/** utsname: six names. */
export const UTSNAME = { at: 12, size: 6 * 65 } as const;
/** Where it stands in the flattened form: behind the head of the first record. */
export const FLAT_UTSNAME = { at: FLAT_HEADER + 16 + UTSNAME.at, size: UTSNAME.size } as const;

/** The first field of the sub header, in files with pages of 4 KiB. */
export const PHYS_BASE = 4096;
/** Behind the header and two heads of records. */
export const FLAT_PHYS_BASE = FLAT_HEADER + 16 + 464 + 16;

/** Size of the 64-bit sub header, whose field at 56 is the size of the notes. */
export const SUB_HEADER = 104;

/** The regular form of a flattened file. makedumpfile: rearrange_dumpdata(). */
export async function unflatten(file: string): Promise<Buffer> {
  const flat = await readFile(file);
  if (flat.toString('latin1', 0, 12) !== 'makedumpfile') throw new Error(`${file} is not flattened`);
  const records: { readonly to: number; readonly bytes: Buffer }[] = [];
  for (let at = FLAT_HEADER; ;) {
    const [to, size] = [flat.readBigInt64BE(at), flat.readBigInt64BE(at + 8)];
    at += 16;
    if (to === -1n && size === -1n) {
      if (at !== flat.length) throw new Error(`${file} goes on behind its end`);
      break;
    }
    records.push({ to: Number(to), bytes: flat.subarray(at, at + Number(size)) });
    at += Number(size);
  }
  const regular = Buffer.alloc(Math.max(...records.map(({ to, bytes }) => to + bytes.length)));
  for (const { to, bytes } of records) bytes.copy(regular, to);
  return regular;
}

export interface PackedPages {
  /** Compressed forms by the contents (latin1) of the page. */
  readonly packed: ReadonlyMap<string, Buffer>;
  /** Descriptors, zero pages included. */
  readonly count: number;
  readonly pageSize: number;
}

/** The pages of a regular file, 64 bits. The headers' names are those of include/system/dump.h. */
export function packedPages(file: Buffer, little: boolean): PackedPages {
  const u32 = (at: number): number => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const u64 = (at: number): number => Number(little ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at));
  const wide = u32(424) !== 0 && u32(428) >= 4096 && u32(428) <= 65536;
  const status = wide ? 424 : 412;
  const [pageSize, subHeader, bitmaps] = [u32(status + 4), u32(status + 8), u32(status + 12)];
  const bitmap = file.subarray((1 + subHeader) * pageSize, (1 + subHeader + bitmaps / 2) * pageSize);
  let count = 0;
  for (const byte of bitmap) for (let bits = byte; bits > 0; bits &= bits - 1) count += 1;
  const packed = new Map<string, Buffer>();
  const first = (1 + subHeader + bitmaps) * pageSize;
  for (let i = 0; i < count; i += 1) {
    const at = first + 24 * i;
    const bytes = file.subarray(u64(at), u64(at) + u32(at + 8));
    if (u32(at + 12) === 1) packed.set(inflateSync(bytes).toString('latin1'), bytes);
  }
  return { packed, count, pageSize };
}
