// The seed's recipe on every QEMU of the lab and every machine type, proven by guest memory: the same scenario that
// `mstream clone-test` runs for users.
import { afterAll, expect, test } from 'vitest';
import { cloneTestMarkdown } from '../../src/clone/render.js';
import { runScenario, type ScenarioResult } from '../../src/clone/scenario.js';
import { openLab, qemuSkipReason } from '../../src/qemu/lab.js';

const skip = qemuSkipReason();
const lab = skip === undefined ? await openLab({ progress: (line) => console.error(line) }) : [];
const cases = lab.flatMap((qemu) =>
  ['pc', 'q35', 'microvm'].map((machine) => ({ qemu, machine, name: `QEMU ${qemu.version}, ${machine}` })),
);
const results: ScenarioResult[] = [];

if (skip !== undefined) test.skip(`clone-test: ${skip}`);

test.each(cases)('$name: 8 clones', async ({ qemu, machine }) => {
  const result = await runScenario({ binary: qemu.binary, machine, count: 8, jobs: 2 });
  results.push(result);
  expect(result.failure).toBeUndefined();
  expect(result.checks.filter((check) => !check.ok)).toEqual([]);
  expect(result.checks.map((check) => check.name)).toEqual([
    'every clone loads',
    'the guest had written its pattern',
    'each clone begins with the template’s memory',
    'each clone begins with the template’s registers',
    'each clone runs and writes its own memory',
    'no write reaches another clone',
    'all clones respond while all run',
    'no write reaches the template’s memory file',
    'a full save of the same VM restores and runs',
    'refused: another memory size',
    'refused: no memory backend of that name',
    'refused: x-ignore-shared off at the clone',
    'refused: another machine type',
    'refused: a state cut short',
  ]);
});

afterAll(() => {
  if (results.length > 0) console.log(cloneTestMarkdown(results));
});
