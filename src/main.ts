// The composition root: the real host meets the command line. bin/mstream.js loads the bundle of this.

import { readFileSync } from 'node:fs';
import { leave, nodeHost } from './cli/host-node.js';
import { run } from './cli/run.js';

// ../package.json, from src/ and from dist/ alike.
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// All output is written when run() settles; reads still in flight or an open stdin must not keep us.
leave(await run(nodeHost(version)));
