// Where QEMU's analyze-migration.py is, for the benchmark: its path on stdout, or exit code 1 and why not. Imports
// e2e/support.

import { analyzeScript } from '../e2e/support/analyze-script.js';

const found = await analyzeScript();
if ('path' in found) process.stdout.write(`${found.path}\n`);
else {
  process.stderr.write(`${found.reason}\n`);
  process.exitCode = 1;
}
