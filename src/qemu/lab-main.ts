// `npm run lab [-- SUITE...]`: sets up the lab and prints its QEMUs.

import { labFolder, labSuites, openLab, type Suite } from './lab.js';

const asked = process.argv.slice(2);
const suites = labSuites
  .map(({ suite }) => suite)
  .filter((suite): suite is Suite => asked.length === 0 || asked.includes(suite));
try {
  const started = performance.now();
  const lab = await openLab({ suites, progress: (line) => process.stderr.write(`${line}\n`) });
  process.stdout.write(`${labFolder()} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`);
  for (const { suite, version, packageVersion, substitute } of lab) {
    process.stdout.write(
      `  ${suite.padEnd(10)} QEMU ${version.padEnd(9)} package ${packageVersion}${substitute === undefined ? '' : `  [${substitute}]`}\n`,
    );
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 4;
}
