// Donors for transplants: a QEMU started with -S saves itself before its guest has run, and says what it could load
// (-dump-vmstate). Imports qemu/ and its own folder.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { wordsFor } from '../../../src/qemu/binary.js';
import { withMachine } from '../../../src/qemu/machine.js';
import { migrateToFile, setCapabilities } from '../../../src/qemu/migrate.js';
import { fileOf, folder, qemu } from './loads.js';

const run = promisify(execFile);

/** The file that a QEMU of that release saves of itself, never having run its guest. */
export function saveDonorFile(
  release: string,
  argv: readonly string[],
  capabilities: readonly string[] = [],
): Promise<string> {
  return withMachine({ binary: qemu(release).binary, argv: [...argv, '-S'] }, async (machine) => {
    await setCapabilities(machine, Object.fromEntries(capabilities.map((name) => [name, true])));
    const path = fileOf(new Uint8Array(0));
    await migrateToFile(machine, path, { timeoutMs: 30_000 });
    return path;
  });
}

/** The JSON of -dump-vmstate. */
export async function dumpOf(release: string): Promise<Uint8Array> {
  const { binary } = qemu(release);
  const path = join(folder, `dump-${release}`);
  await run(binary.file, wordsFor(binary, ['-M', 'pc', '-nodefaults', '-display', 'none', '-dump-vmstate', path]), {
    env: { ...process.env, ...binary.env },
  });
  return readFile(path);
}
