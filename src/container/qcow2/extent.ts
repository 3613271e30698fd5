// How far a saved VM state reaches: QEMU stores its size, which is too small for mapped-ram, so the allocated clusters
// count. QEMU: qemu_file_transferred() in save_snapshot(), migration/savevm.c.

import { Run } from './entries.js';
import { imageError } from './error.js';
import { MAX_EMPTY_PIECES } from './limits.js';
import type { GuestSpace } from './space.js';

/**
 * Bytes from guest offset `start` to the end of the highest allocated unit. Goes backwards, so that one L2 table is
 * read of nearly every image.
 * @throws MigrationStreamError `bad-container`, `truncated`, `limit-exceeded`, `io`
 */
export async function extentOf(space: GuestSpace, start: number): Promise<number> {
  const { image, l1 } = space;
  const { geometry, pieces } = image;
  const pieceSpan = (pieces.size / geometry.entrySize) * geometry.clusterSize;
  let empty = 0;
  for (let index = l1.entries - 1; index >= start / geometry.span; index -= 1) {
    if (!(await space.hasTable(index * geometry.span))) continue;
    for (let at = (index + 1) * geometry.span - pieceSpan; at >= index * geometry.span; at -= pieceSpan) {
      const end = await lastAllocated(space, at);
      if (end !== undefined) return end - start;
      empty += 1;
      if (empty > MAX_EMPTY_PIECES)
        throw imageError('limit-exceeded', 'too many L2 tables without a cluster', { offset: l1.at, path: [l1.what] });
    }
  }
  return 0;
}

/** Guest offset of the end of the last allocated unit of the slice that begins at `at`. */
async function lastAllocated(space: GuestSpace, at: number): Promise<number | undefined> {
  const { image } = space;
  const slice = await space.sliceAt(at);
  const run = new Run();
  let end: number | undefined;
  for (let guest = slice.start; guest < slice.end; guest += run.length) {
    image.entries.runAt(slice, guest, slice.end - guest, run);
    if (run.kind === 'compressed') end = guest + run.length;
    // The image may end inside of the last cluster.
    if (run.kind === 'data') end = guest + Math.max(0, Math.min(run.length, image.size - run.host));
  }
  return end;
}
