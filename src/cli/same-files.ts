// Files that a command reads and writes, held against each other before anything is opened for writing: what is read is
// never written, not even by its own replacement, and nothing is written twice.

import { access, constants, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { STDIO } from './args.js';
import type { Host } from './host.js';
import { readingsOf } from './snapshot-word.js';
import { UsageError } from './usage-error.js';

/** `read`: paths, or states as PATH#SNAPSHOT. `-` is no file. @throws UsageError */
export async function refuseSameFiles(
  host: Pick<Host, 'cwd'>,
  read: readonly string[],
  written: readonly string[],
): Promise<void> {
  const inputs = new Map<string, string>();
  for (const state of read)
    if (state !== STDIO) for (const path of await filesOf(host, state)) inputs.set(await place(host, path), path);
  const outputs = new Set<string>();
  for (const path of written) {
    if (path === STDIO) continue;
    const where = await place(host, path);
    const same = inputs.get(where);
    if (same !== undefined)
      throw new UsageError(`${same} is read: it is never written`, 'give the output another name');
    if (outputs.has(where)) throw new UsageError(`${path} is to be written twice`);
    outputs.add(where);
  }
}

/** The file that `state` means, behind the names that come before it and cannot be read now. */
async function filesOf(host: Pick<Host, 'cwd'>, state: string): Promise<string[]> {
  const files: string[] = [];
  for (const { path } of readingsOf(state)) {
    files.push(path);
    if (await readable(resolve(host.cwd, path))) break;
  }
  return files;
}

async function readable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return !(await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** Links followed, as far as there is something. */
async function place(host: Pick<Host, 'cwd'>, path: string): Promise<string> {
  const full = resolve(host.cwd, path);
  return realpath(full).catch(async () =>
    join(await realpath(dirname(full)).catch(() => dirname(full)), basename(full)),
  );
}
