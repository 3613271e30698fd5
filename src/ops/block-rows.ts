// The RAM block table of a report: what the list says of each block, what was sent of it, and whether its pages were
// left out on purpose (x-ignore-shared) and how that is known.

import type { PageIndex } from '../ram/page-index.js';
import type { BlockLayout } from '../wire/dialect.js';
import type { RamBlockEntry } from '../wire/ram-block.js';

/** How "ignored" is known. */
export type IgnoredHow =
  /** QEMU 4.0's byte says so. */
  | 'ignored-byte'
  /** A mapped-ram header without offsets (QEMU 11.1). */
  | 'mapped-ram-header'
  /** The stream is whole and no page of it came. */
  | 'no-pages'
  /** Pages of it came. */
  | 'pages'
  /** Its pages stand in the file. */
  | 'mapped-area'
  /** The stream broke off before one could tell. */
  | 'unknown';

export interface BlockRow {
  readonly idstr: string;
  /** Bytes. */
  readonly usedLength: number;
  /** The block's page size in bytes, where the list has it. */
  readonly pageSize?: number;
  readonly gpa?: bigint;
  readonly ignored: boolean | undefined;
  readonly ignoredHow: IgnoredHow;
  readonly mapped?: {
    readonly bitmapOffset: number;
    readonly pagesOffset: number;
    /** Pages with a clear bit and other bytes than zeros in their place. Absent: nobody looked. */
    readonly stale?: number;
  };
  /** Target pages of the block. */
  readonly pages: number;
  /** Page records in the stream. `resent` and `absent` are undefined when the block is too large to keep count. */
  readonly sent: {
    readonly zero: number;
    readonly page: number;
    readonly xbzrle: number;
    readonly compressed: number;
    /** ZERO records with a fill byte other than 0. */
    readonly filled: number;
    readonly resent: number | undefined;
    readonly absent: number | undefined;
    /** Bytes of the records. */
    readonly bytes: number;
  };
}

export function blockRows(
  blocks: readonly RamBlockEntry[],
  layout: BlockLayout | undefined,
  index: PageIndex,
  targetPageSize: number,
  complete: boolean,
): BlockRow[] {
  return blocks.map((block, i) => {
    const counts = index.counts(i);
    const records = counts.zero + counts.page + counts.xbzrle + counts.compressed;
    const pages = Math.ceil(block.usedLength / targetPageSize);
    const { distinct } = counts;
    return {
      idstr: block.idstr,
      usedLength: block.usedLength,
      ...(block.pageSize === undefined ? {} : { pageSize: block.pageSize }),
      ...(block.gpa === undefined ? {} : { gpa: block.gpa }),
      ...ignoredOf(block, layout, records, complete),
      ...(block.mapped === undefined
        ? {}
        : { mapped: { bitmapOffset: block.mapped.bitmapOffset, pagesOffset: block.mapped.pagesOffset } }),
      pages,
      sent: {
        zero: counts.zero,
        page: counts.page,
        xbzrle: counts.xbzrle,
        compressed: counts.compressed,
        filled: counts.filled,
        resent: distinct === undefined ? undefined : records - distinct,
        absent: distinct === undefined ? undefined : pages - distinct,
        bytes: counts.bytes,
      },
    };
  });
}

function ignoredOf(
  block: RamBlockEntry,
  layout: BlockLayout | undefined,
  records: number,
  complete: boolean,
): { ignored: boolean | undefined; ignoredHow: IgnoredHow } {
  if (block.ignored !== undefined) return { ignored: block.ignored !== 0, ignoredHow: 'ignored-byte' };
  if (block.mapped !== undefined) {
    const ignored = block.mapped.pagesOffset === 0;
    return { ignored, ignoredHow: ignored ? 'mapped-ram-header' : 'mapped-area' };
  }
  if (records > 0) return { ignored: false, ignoredHow: 'pages' };
  // Only x-ignore-shared leaves blocks out on purpose and says so; elsewhere silence is silence, not intent.
  if (complete && layout?.gpa === true) return { ignored: true, ignoredHow: 'no-pages' };
  return { ignored: undefined, ignoredHow: complete ? 'no-pages' : 'unknown' };
}
