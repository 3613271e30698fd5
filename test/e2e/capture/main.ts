// `npm run fixtures [-- --qemu 7.2,10.0] [--only plain,microvm] [--out FOLDER]`: captures fixtures/streams anew with
// the QEMUs of the lab, or fixtures/containers (--containers), or only writes the manifest (--manifest).

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { QemuBinary } from '../../../src/qemu/binary.js';
import { labSuites, openLab } from '../../../src/qemu/lab.js';
import { pcBoard } from './boards.js';
import { capture } from './capture.js';
import { captureContainers } from './containers.js';
import { machineScenarios } from './machines.js';
import { writeManifest } from './manifest.js';
import { scenarios, supports, type Scenario } from './scenarios.js';

const { values } = parseArgs({
  options: {
    qemu: { type: 'string' },
    only: { type: 'string' },
    out: { type: 'string' },
    manifest: { type: 'boolean', default: false },
    containers: { type: 'boolean', default: false },
  },
});
const fixtures = resolve('fixtures');
const out = resolve(values.out ?? join(fixtures, 'streams'));
const releases = values.qemu?.split(',');
const names = values.only?.split(',');

let failed = 0;

/** Captures one scenario into its folder. */
async function keep(binary: QemuBinary, version: string, scenario: Scenario): Promise<void> {
  const folder = join(out, `${version}-${scenario.name}`);
  const started = performance.now();
  try {
    const { files, truth } = await capture(binary, scenario, fixtures);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    let size = 0;
    for (const [name, bytes] of files) {
      const packed = gzipSync(bytes, { level: 9 });
      size += packed.length;
      await writeFile(join(folder, `${name}.gz`), packed);
    }
    await writeFile(join(folder, 'truth.json'), `${JSON.stringify({ scenario: scenario.name, ...truth }, null, 1)}\n`);
    process.stdout.write(
      `${version}-${scenario.name}: ${[...files.keys()].join(' ')}, ${Math.ceil(size / 1024)} KiB, ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
    );
  } catch (error) {
    failed += 1;
    process.stderr.write(`${version}-${scenario.name}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

if (values.containers) await captureContainers(fixtures);
else if (!values.manifest) {
  const all = [...scenarios, ...machineScenarios].filter(({ name }) => names === undefined || names.includes(name));
  const targetOf = ({ board = pcBoard }: Scenario): string => board.target;
  for (const target of new Set(all.map(targetOf))) {
    const mine = all.filter((scenario) => targetOf(scenario) === target);
    const wanted = labSuites.filter(
      (suite) =>
        (releases?.includes(suite.wanted) ?? true) && mine.some((scenario) => supports(scenario, suite.wanted)),
    );
    const lab = await openLab({
      targets: [target],
      suites: wanted.map(({ suite }) => suite),
      progress: (line) => process.stderr.write(`${line}\n`),
    });
    for (const { version, binary } of lab)
      for (const scenario of mine) if (supports(scenario, version)) await keep(binary, version, scenario);
  }
}
if (values.out === undefined) await writeManifest(fixtures);
process.exitCode = failed === 0 ? 0 : 1;
