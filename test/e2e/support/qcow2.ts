// Disk images with saved states in them, by the QEMUs of the lab and their own qemu-img.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LabQemu } from '../../../src/qemu/lab.js';
import { withMachine, type Machine } from '../../../src/qemu/machine.js';
import { migrateToFile, setCapabilities } from '../../../src/qemu/migrate.js';
import { waitUntilReady } from '../../../src/qemu/readiness.js';

const run = promisify(execFile);
const guest = new URL('../../../fixtures/guest.bin', import.meta.url).pathname;

/** How to run a program of the packages that were unpacked into a root of the lab. */
export function labCommand(
  { binary: { file, before, env }, root }: LabQemu,
  name: string,
  args: readonly string[],
): { file: string; words: string[]; env: NodeJS.ProcessEnv } {
  const words = [...before.slice(0, -1), join(root, 'usr/bin', name), ...args];
  return { file, words, env: { ...process.env, ...env } };
}

/** Runs a tool of the lab's package qemu-utils; what it prints. @throws when it exits with another status than 0 */
export async function tool(qemu: LabQemu, name: 'qemu-img' | 'qemu-io', ...args: readonly string[]): Promise<string> {
  const { file, words, env } = labCommand(qemu, name, args);
  const { stdout } = await run(file, words, { env, timeout: 60_000 });
  return stdout;
}

/** `-o` options of qemu-img create, by a name for the test. */
export const imageKinds = {
  'version 3': '',
  'version 2': 'compat=0.10',
  'clusters of 4 KiB': 'cluster_size=4k',
  'clusters of 512 bytes': 'cluster_size=512',
  'clusters of 2 MiB': 'cluster_size=2M',
  'extended L2 entries': 'extended_l2=on,cluster_size=64k',
  'refcounts of 64 bits': 'refcount_bits=64',
} as const;

/** The tiny machine with `disk` as its first disk, stopped once the guest is ready. */
export async function withDisk<T>(
  qemu: LabQemu,
  disk: string,
  folder: string,
  work: (machine: Machine) => Promise<T>,
  more: readonly string[] = [],
): Promise<T> {
  const argv = [...diskMachine(disk), ...more, '-debugcon', `file:${disk}.console`];
  return withMachine({ binary: qemu.binary, argv, cwd: folder }, async (machine) => {
    await waitUntilReady(machine, { kind: 'text', file: `${disk}.console`, text: 'R' });
    await machine.execute('stop');
    return work(machine);
  });
}

export function diskMachine(disk: string): string[] {
  return [
    ...['-M', 'pc', '-m', '2', '-nodefaults', '-vga', 'none', '-bios', guest],
    // A clock that stands still with the guest: it is saved twice, perhaps in different seconds.
    ...['-rtc', 'base=2026-03-04T05:06:07,clock=vm'],
    ...['-blockdev', `driver=qcow2,node-name=disk0,file.driver=file,file.filename=${disk}`],
    ...['-device', 'ide-hd,drive=disk0'],
  ];
}

/** @throws when QEMU says anything: it says nothing when all is well */
export async function savevm(machine: Machine, tag: string): Promise<void> {
  const said = await machine.hmp(`savevm ${tag}`);
  if (said.trim() !== '') throw new Error(`savevm ${tag}: ${said}`);
}

/** The same stopped guest as a snapshot of its disk, and as a plain stream in `stream`. */
export async function savedBoth(machine: Machine, tag: string, stream: string): Promise<void> {
  await savevm(machine, tag);
  await setCapabilities(machine, {});
  await migrateToFile(machine, stream);
}
