// The RAM reader at the edges of its window: wherever a slab ends, inside a header, a name or a page, the records are
// the same. (A header cut by the edge of a large slab was once taken for the end of the input.)
import { expect, test } from 'vitest';
import { memorySource } from '../../../src/bytes/source.js';
import type { PageValue } from '../../../src/ram/page-builder.js';
import { difference, readItems } from '../../support/items.js';
import { writeModel, type ModelItem } from '../../support/write-model.js';

const section = { sectionId: 2, idstr: 'ram', instanceId: 0, versionId: 4 };
const eos: ModelItem = { kind: 'ram-mark', mark: 'eos', flags: 0x10, address: 0 };
const close: ModelItem = { kind: 'section-close', footer: true };

function streamOf(pages: readonly PageValue[], usedLength: number): ModelItem[] {
  return [
    { kind: 'header' },
    { kind: 'configuration', configuration: { machine: 'pc', subsections: [] } },
    { kind: 'section-open', type: 'start', section },
    {
      kind: 'ram-blocks',
      total: usedLength,
      flags: 4,
      layout: 'plain',
      pageSize: 4096,
      blocks: [{ idstr: 'pc.ram', usedLength }],
      continues: false,
    },
    eos,
    close,
    { kind: 'section-open', type: 'part', section: { sectionId: 2, idstr: '', instanceId: 0, versionId: 0 } },
    ...pages.map((page): ModelItem => ({ kind: 'page', page })),
    eos,
    close,
    { kind: 'eof' },
  ];
}

test('an edge in every place of zero, page, delta and zlib records', async () => {
  const kinds = ['zero', 'page', 'xbzrle', 'compressed'] as const;
  const pages = Array.from({ length: 40 }, (_, i): PageValue => {
    const kind = kinds[i % 4]!;
    const length = kind === 'zero' ? 1 : kind === 'page' ? 4096 : 17 * i;
    return { kind, block: 0, addr: i * 4096, named: i % 7 === 0, body: new Uint8Array(length).fill(i) };
  });
  const { bytes, items } = await writeModel(streamOf(pages, 1 << 20), 4096);
  for (let slabSize = 4500; slabSize < 4500 + 4200; slabSize += 7) {
    const reading = await readItems(memorySource(bytes), { slabSize, poison: true });
    expect(reading.failure, `slabs of ${slabSize}`).toBeUndefined();
    expect(difference(reading.items, items), `slabs of ${slabSize}`).toBeUndefined();
  }
});

test('zero records across the edges of default slabs', async () => {
  const pages = Array.from({ length: 260_000 }, (_, i): PageValue => ({
    kind: 'zero',
    block: 0,
    addr: i * 4096,
    named: i === 0,
    body: Uint8Array.of(0),
  }));
  const { bytes } = await writeModel(streamOf(pages, 2 ** 31), 4096);
  expect(bytes.length).toBeGreaterThan(2 << 20);
  const { failure, items } = await readItems(bytes);
  expect(failure).toBeUndefined();
  expect(items.filter((item) => item.kind === 'page').length).toBe(pages.length);
});
