// Runs a TypeScript file of this repository with arguments, `node test/run.js FILE [ARGS]`: what Node 20 cannot do itself.
// For tools that never ship; the program runs from dist/.

import { resolve } from 'node:path';
import { runnerImport } from 'vite';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) throw new Error('node test/run.js FILE [ARGS]');
process.argv.splice(1, Infinity, resolve(file), ...args);
await runnerImport(resolve(file), { configFile: false, logLevel: 'error', root: import.meta.dirname });
