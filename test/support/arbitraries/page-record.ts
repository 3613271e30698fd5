// Page records: bursts of ascending pages as QEMU sends them, broken off and resumed, at addresses where 32-bit
// arithmetic goes wrong and at the end of the block.
import fc from 'fast-check';
import type { PageValue } from '../../../src/ram/page-builder.js';
import { maxCompressedPage } from '../../../src/limits.js';
import type { RamBlockEntry } from '../../../src/wire/ram-block.js';
import { record } from './primitives.js';

interface Burst {
  readonly block: number;
  readonly near: 'start' | 'end' | '4g' | 'anywhere';
  readonly at: number;
  readonly count: number;
  readonly kind: PageValue['kind'];
  readonly fill: number;
  readonly length: number;
  readonly name: boolean;
}

const burst = (blocks: number, most: number): fc.Arbitrary<Burst> =>
  record({
    block: fc.integer({ min: 0, max: blocks - 1 }),
    near: fc.constantFrom('start', 'end', '4g', 'anywhere'),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    count: fc.integer({ min: 1, max: most }),
    kind: fc.oneof(
      { weight: 4, arbitrary: fc.constant('zero' as const) },
      { weight: 2, arbitrary: fc.constant('page' as const) },
      { weight: 1, arbitrary: fc.constantFrom('xbzrle' as const, 'compressed' as const) },
    ),
    fill: fc.constantFrom(0, 0, 0, 1, 0x22, 0x7e, 0xff),
    length: fc.integer({ min: 0, max: 70_000 }),
    name: fc.boolean(),
  });

/** Records for `blocks`, the first one named; `pattern` gives bodies their bytes. */
export function pageRecords(
  blocks: readonly RamBlockEntry[],
  pageSize: number,
  options: { bursts: number; most: number; ignored?: boolean },
): fc.Arbitrary<PageValue[]> {
  return fc.array(burst(blocks.length, options.most), { maxLength: options.bursts }).map((bursts) => {
    const pages: PageValue[] = [];
    let current = -1;
    for (const one of bursts) {
      const total = Math.ceil(blocks[one.block]!.usedLength / pageSize);
      if (total === 0) continue;
      let page = firstPage(one, total, pageSize);
      for (let i = 0; i < one.count && page < total; i += 1, page += 1) {
        const named = one.block !== current || (i === 0 && one.name);
        pages.push({ kind: one.kind, block: one.block, addr: page * pageSize, named, body: body(one, pageSize, i) });
        current = one.block;
      }
    }
    return pages;
  });
}

function firstPage({ near, at, count }: Burst, total: number, pageSize: number): number {
  if (near === 'start') return 0;
  if (near === 'end') return Math.max(0, total - Math.max(1, Math.floor(at * (count + 2))));
  const fourGigs = 2 ** 32 / pageSize;
  if (near === '4g' && total > fourGigs) {
    const which = 1 + Math.floor(at * (Math.floor(total / fourGigs) - 1));
    return Math.max(0, which * fourGigs - Math.ceil(count / 2));
  }
  return Math.floor(at * total);
}

function body({ kind, fill, length }: Burst, pageSize: number, i: number): Uint8Array {
  if (kind === 'zero') return Uint8Array.of(fill);
  const most = kind === 'xbzrle' ? Math.min(pageSize, 0xffff) : maxCompressedPage(pageSize);
  const size = kind === 'page' ? pageSize : Math.min(most, length % 3 === 0 ? length : length % 300);
  const bytes = new Uint8Array(size);
  // Not all alike: a page that was taken from one record too far must show.
  for (let at = 0; at < size; at += 1) bytes[at] = (fill + i * 7 + at * 13) & 0xff;
  return bytes;
}
