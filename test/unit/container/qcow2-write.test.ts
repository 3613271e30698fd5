// A new image around a stream reads back as that stream; real QEMUs judge it in test/e2e/qcow2-write.test.ts.
import { expect, test } from 'vitest';
import { memorySink, memorySource } from '../../../src/bytes/source.js';
import { openContainers } from '../../../src/container/open.js';
import { writeFreshImage, type FreshImage } from '../../../src/container/qcow2/write-fresh.js';
import { fixtureBytes } from '../../support/fixtures.js';

const stream = fixtureBytes('7.2.22-plain');

test.each<FreshImage>([
  { diskSize: 0, tag: 's1' },
  { diskSize: 4 << 20, tag: 's1', version: 2 },
  { diskSize: 5_000_192, tag: 'größe', clusterBits: 12 },
  { diskSize: 1 << 30, tag: 'a', clusterBits: 9 },
  { diskSize: 1 << 40, tag: 'a', clusterBits: 21 },
])('an image of %o', async (wish) => {
  const sink = memorySink();
  await writeFreshImage(memorySource(stream), sink, { ...wish, tag: Buffer.from(wish.tag).toString('latin1') });
  const { inner, layers } = await openContainers(memorySource(sink.bytes()), { snapshot: wish.tag });
  const back = Buffer.alloc(inner.size!);
  await inner.read(back, 0);
  expect(Buffer.compare(back, stream)).toBe(0);
  expect(layers[0]!.facts).toMatchObject({ diskSize: wish.diskSize, vmStateSize: stream.length, notes: [] });
});
