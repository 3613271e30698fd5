// The page size of the machine that we run on, which Node does not tell. Imports node's file system.

import { readFile } from 'node:fs/promises';

const AT_PAGESZ = 6n;

/** Bytes, from the auxiliary vector that the kernel gave us; 4096 where there is none to read. */
export async function hostPageSize(): Promise<number> {
  const vector = await readFile('/proc/self/auxv').catch(() => Buffer.alloc(0));
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  }
  return 4096;
}
