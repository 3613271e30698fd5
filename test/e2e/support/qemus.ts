// The QEMUs that end-to-end tests run on: all of the lab, set up when it is not there yet. Where QEMU is switched off,
// every suite is skipped and says why. Imports qemu/lab.

import { readFile } from 'node:fs/promises';
import { describe } from 'vitest';
import { labSuites, openLab, qemuSkipReason, type LabQemu } from '../../../src/qemu/lab.js';

const reason = qemuSkipReason();
if (reason !== undefined) process.stderr.write(`QEMU tests skipped: ${reason}\n`);

/** @throws the lab's one line that says what to do. */
const lab: readonly LabQemu[] =
  reason === undefined ? await openLab({ progress: (line) => process.stderr.write(`${line}\n`) }) : [];

/** One suite for each QEMU of the lab. */
export function onEveryQemu(name: string, body: (qemu: LabQemu) => void): void {
  if (reason !== undefined) describe.skip(`${name} (skipped: ${reason})`, () => undefined);
  for (const qemu of lab) describe(`${name} on QEMU ${qemu.version}`, () => body(qemu));
}

/** The targets besides x86 that fixtures are of. */
export const otherTargets = ['aarch64', 'riscv64', 'ppc64', 's390x'] as const;

/** Of those targets the lab has what its fixtures were made with: 7.2 and later. */
const suites = labSuites.flatMap(({ suite, wanted }) => (wanted === '5.2' ? [] : [suite]));

/** One suite for each QEMU of another target; fetches them when the lab has none yet. */
export async function onEveryQemuOf(
  target: (typeof otherTargets)[number],
  name: string,
  body: (qemu: LabQemu) => void,
): Promise<void> {
  if (reason !== undefined) {
    describe.skip(`${name} (skipped: ${reason})`, () => undefined);
    return;
  }
  const found = await openLab({ targets: [target], suites, progress: (line) => process.stderr.write(`${line}\n`) });
  for (const qemu of found) describe(`${name} on qemu-system-${target} ${qemu.version}`, () => body(qemu));
}

/** One suite on the QEMU of one release. */
export function onQemu(wanted: string, name: string, body: (qemu: LabQemu) => void): void {
  if (reason !== undefined) describe.skip(`${name} (skipped: ${reason})`, () => undefined);
  for (const qemu of lab) if (qemu.wanted === wanted) describe(`${name} on QEMU ${qemu.version}`, () => body(qemu));
}

/** The smallest machine: 2 MiB, our firmware, no devices. */
export const tinyMachine = [
  '-M',
  'pc',
  '-m',
  '2',
  '-nodefaults',
  '-vga',
  'none',
  '-bios',
  new URL('../../../fixtures/guest.bin', import.meta.url).pathname,
];

/** Whether a process exists, zombies not counted. */
export async function runs(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat !== undefined && !/\) Z /.test(stat);
}
