// The stale pages of an inspected mapped-ram stream, for whoever asks: every place of a zero page is read.

import type { ByteSource } from '../bytes/source.js';
import { countStalePages } from '../ram/mapped/stale.js';
import type { Inspection } from './inspect.js';

/**
 * `inspection` with the number of stale pages in each mapped-ram block. `source` is the one that was inspected.
 * @throws MigrationStreamError code `io`
 */
export async function withStalePages(inspection: Inspection, source: ByteSource): Promise<Inspection> {
  const base = Number(inspection.dialect.mappedBase?.value ?? 0);
  const pageSize = Number(inspection.dialect.targetPageSize?.value ?? 4096);
  const blocks = [];
  for (const block of inspection.blocks) {
    const { mapped, usedLength, ignored } = block;
    if (mapped === undefined || ignored === true) {
      blocks.push(block);
      continue;
    }
    const place = { bitmap: mapped.bitmapOffset - base, pages: mapped.pagesOffset - base, usedLength };
    const stale = await countStalePages(source, place, pageSize);
    blocks.push(stale === undefined ? block : { ...block, mapped: { ...mapped, stale } });
  }
  return { ...inspection, blocks };
}
