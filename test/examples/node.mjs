// The example of docs/api/node.md. Run from the root of the repository.

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openContainers, rewrite } from 'qemu-mstream';
import { nodeDecompressors, openFile, openFileSink } from 'qemu-mstream/node';

const folder = await mkdtemp(join(tmpdir(), 'example-'));
try {
  // A stream that gzip compressed, written again as a plain file that only its owner may read.
  const state = await openFile('fixtures/streams/7.2.22-plain/state.gz');
  const { inner, layers } = await openContainers(state, { decompressors: nodeDecompressors });
  console.log('inside', layers.map(({ facts }) => facts.title).join(', '));
  const path = join(folder, 'state');
  const { bytesWritten } = await rewrite(inner, await openFileSink(path), []);
  await inner.close();
  const { size, mode } = await stat(path);
  console.log(bytesWritten === size, (mode & 0o777).toString(8));
} finally {
  await rm(folder, { recursive: true });
}
