// Opens the files that it is given with the built portable entry, and prints what they hold. The test starts it with
// --disallow-code-generation-from-strings.

import { openAsBlob } from 'node:fs';
import { blobSource, inspect, openContainers, openStream } from 'qemu-mstream';

let evaluates = true;
try {
  new Function('return 1');
} catch {
  evaluates = false;
}
const files = [];
for (const path of process.argv.slice(2)) {
  const { inner, layers, found } = await openContainers(blobSource(await openAsBlob(path)));
  const inspection = found.kind === 'migration-stream' ? await inspect(await openStream(inner)) : undefined;
  files.push({
    kind: found.kind,
    detail: found.detail,
    containers: layers.map(({ facts }) => facts.container),
    machine: inspection?.configuration?.machine,
    bytes: inspection?.totals.bytes,
  });
}
process.stdout.write(JSON.stringify({ evaluates, files }));
