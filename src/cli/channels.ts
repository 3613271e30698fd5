// `--channel`: captures of the other channels of a migration, files or folders of files.

import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ByteSource } from '../bytes/source.js';
import type { Context } from './command.js';
import { isFolder } from './template-folder.js';

/** The files that `paths` name, in order; a folder stands for its files, without the main channel `state`. */
export async function channelFiles(
  { host }: Pick<Context, 'host'>,
  state: string,
  paths: readonly string[],
): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    if (!(await isFolder(resolve(host.cwd, path)))) files.push(path);
    else
      for (const name of (await readdir(resolve(host.cwd, path))).sort())
        if (resolve(host.cwd, path, name) !== resolve(host.cwd, state)) files.push(join(path, name));
  }
  return files;
}

/** The same, opened; closed when the command ends. @throws MigrationStreamError code `io` */
export async function openChannels(context: Context, state: string, paths: readonly string[]): Promise<ByteSource[]> {
  const sources: ByteSource[] = [];
  for (const path of await channelFiles(context, state, paths)) {
    const source = await context.host.openInput(path);
    context.defer(() => source.close());
    sources.push(source);
  }
  return sources;
}
