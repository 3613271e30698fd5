// What `mstream verify` was given: states, and template folders with their manifest.

import { join, resolve } from 'node:path';
import { MANIFEST, templatePath } from '../../clone/manifest.js';
import { showDash, STDIO } from '../args.js';
import { isFolder, manifestIn } from '../template-folder.js';
import type { ContainerChoices } from '../options.js';
import { UsageError } from '../usage-error.js';
import type { MemoryFile } from './memory-facts.js';

export interface Target {
  /** As the user named it. */
  readonly label: string;
  /** The state: a path or `-`. */
  readonly state: string;
  readonly memory: readonly MemoryFile[];
  /** Of the state, from a manifest. */
  readonly sha256?: string | undefined;
  /** How to get to the stream inside of its container. */
  readonly containers?: ContainerChoices | undefined;
}

/**
 * One argument. A folder is a template; anything else a state, with the files of `--memory`.
 * @throws UsageError for a folder that is no template
 */
export async function targetOf(argument: string, memory: readonly MemoryFile[], cwd: string): Promise<Target> {
  const path = showDash(argument);
  const folder = resolve(cwd, path);
  if (path === STDIO || !(await isFolder(folder))) return { label: path, state: path, memory };
  const manifest = await manifestIn(folder);
  if (manifest === undefined)
    throw new UsageError(
      `${path} is a folder without ${MANIFEST}`,
      'a template folder (`mstream template create`), or the states in it: DIR/*',
    );
  const files = Object.entries(manifest.memory).map(([block, file]) => ({
    block,
    path: templatePath(folder, file.path),
    label: file.path,
    sha256: file.sha256,
  }));
  const given = new Set(memory.map((file) => file.block));
  return {
    label: path,
    state: join(path, manifest.state.path),
    memory: [...files.filter((file) => !given.has(file.block)), ...memory],
    sha256: manifest.state.sha256,
  };
}

/** `BLOCK=FILE`. @throws UsageError */
export function memoryOption(texts: readonly string[], cwd: string): MemoryFile[] {
  return texts.map((text) => {
    const at = text.indexOf('=');
    if (at <= 0 || at === text.length - 1)
      throw new UsageError(`--memory ${text}: not BLOCK=FILE`, 'e.g. --memory mem0=vm/mem0.img');
    return { block: text.slice(0, at), path: resolve(cwd, text.slice(at + 1)), label: text.slice(at + 1) };
  });
}
