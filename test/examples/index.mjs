// The example of docs/api/index.md. Run from the root of the repository.

import { openAsBlob } from 'node:fs';
import { blobSource, inspect, memorySink, openContainers, openStream, rewrite } from 'qemu-mstream';

// In a browser a file that the user chose is such a Blob.
const file = blobSource(await openAsBlob('fixtures/example/state'));
const { inner, found } = await openContainers(file);
console.log(found.title);

const stream = await openStream(inner, { signal: AbortSignal.timeout(10_000) });
const { configuration, blocks, totals, error } = await inspect(stream);
if (error !== undefined) throw error;
console.log(configuration?.machine, totals.bytes, 'bytes');
for (const { idstr, usedLength, ignored } of blocks)
  console.log(idstr, usedLength, ignored ? 'is left out' : 'is in the stream');

const sink = memorySink();
const result = await rewrite(inner, sink, [{ edit: 'machine', name: 'pc-i440fx-5.2' }]);
for (const { what, before, after } of result.differences) console.log(`${what}: ${before} to ${after}`);
await stream.close();
