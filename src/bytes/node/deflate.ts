// zlib at its fastest level, as QEMU compresses the pages of a migration and of a kdump file.

import { deflateSync } from 'node:zlib';

/** A complete zlib stream. */
export function deflate(page: Uint8Array): Uint8Array {
  return deflateSync(page, { level: 1 });
}

/** How small it is, in bytes, for estimates. */
export function deflatedSize(page: Uint8Array): number {
  return deflate(page).length;
}
