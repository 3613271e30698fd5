// A file as a sink. The bytes go to a temporary name beside the destination; the complete file is then moved to the
// destination, or nothing is. Devices and FIFOs are written in place.

import { constants, type Stats } from 'node:fs';
import { link, open, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MigrationStreamError } from '../../base/errors.js';
import type { ByteSink } from '../source.js';
import { exists, isThere } from './existing.js';
import { openFileWriter } from './file-writer.js';
import { outputError, systemCode } from './system-error.js';
import { temporaries as processTemporaries, type Temporaries } from './temporaries.js';

export interface FileSinkOptions {
  /** Replace an existing file. Default: refuse. */
  readonly force?: boolean;
  /** The list that the temporary file is entered in. Default: the list of the process. */
  readonly temporaries?: Temporaries;
  /** Permission bits of a new file, before the umask. Default: 0660. */
  readonly mode?: number | undefined;
}

/** A stream holds guest memory, which nobody but its owner may read; QEMU and libvirt give their files the same. */
const NEW_MODE = 0o600;
const MAX_TEMPORARIES = 100;

/**
 * Opens a sink that makes `path` appear at `commit`, after fsync. `skip` leaves holes; `abort` leaves nothing. A
 * replaced file keeps its permission bits, and a symbolic link keeps pointing to the file. The sink's methods also
 * throw MigrationStreamError code `io`.
 * @throws MigrationStreamError code `io` when the file cannot be created, or exists and `force` is not given
 */
export async function openFileSink(path: string, options: FileSinkOptions = {}): Promise<ByteSink> {
  const { force = false, temporaries = processTemporaries, mode = NEW_MODE } = options;
  const { target, present } = await examine(path, force);
  if (present !== undefined && !present.isFile()) return openFileWriter(await openInPlace(path), path, true);
  const { handle, temporary } = await openTemporary(target, path, temporaries, mode);
  const writer = openFileWriter(handle, path, false);
  let state: 'open' | 'committed' | 'gone' = 'open';
  return {
    label: path,
    staged: temporary,
    write: (bytes) => writer.write(bytes),
    skip: (length) => writer.skip(length),
    patch: writer.patch,
    async commit() {
      if (state !== 'open')
        throw new MigrationStreamError({ code: 'io', message: `cannot write ${path}: it was given up` });
      try {
        if (present !== undefined) await handle.chmod(present.mode & 0o777);
        await writer.commit();
        await (force ? rename(temporary, target) : moveWithoutReplacing(temporary, target));
      } catch (cause) {
        throw systemCode(cause) === 'EEXIST' ? exists(path, cause) : outputError(`cannot write ${path}`, cause);
      }
      state = 'committed';
      temporaries.forget(temporary);
      await syncFolder(dirname(target));
    },
    async abort() {
      if (state !== 'open') return;
      state = 'gone';
      await writer.abort();
      await unlink(temporary).catch(() => {});
      temporaries.forget(temporary);
    },
  };
}

/** The destination of the file, and what exists there now. A link to the file is followed. */
async function examine(path: string, force: boolean): Promise<{ target: string; present: Stats | undefined }> {
  try {
    const present = await stat(path).catch(async (cause: unknown) => {
      if (systemCode(cause) !== 'ENOENT') throw cause;
      // A dangling link also counts as existing.
      if (await isThere(path)) throw exists(path, cause);
      return undefined;
    });
    if (present === undefined) return { target: path, present };
    if (present.isDirectory())
      throw new MigrationStreamError({ code: 'io', message: `cannot write ${path}: it is a directory`, output: true });
    if (!force && (present.isFile() || present.isBlockDevice())) throw exists(path);
    return { target: present.isFile() ? await realpath(path) : path, present };
  } catch (cause) {
    throw outputError(`cannot write ${path}`, cause);
  }
}

function openInPlace(path: string): Promise<FileHandle> {
  return open(path, constants.O_WRONLY).catch((cause: unknown) => {
    throw outputError(`cannot write ${path}`, cause);
  });
}

async function openTemporary(
  target: string,
  path: string,
  registry: Temporaries,
  mode: number,
): Promise<{ handle: FileHandle; temporary: string }> {
  for (let attempt = 0; ; attempt += 1) {
    const temporary = `${target}.${process.pid}${attempt === 0 ? '' : `-${attempt}`}.tmp`;
    try {
      const handle = await open(temporary, 'wx', mode);
      registry.add(temporary);
      return { handle, temporary };
    } catch (cause) {
      if (systemCode(cause) !== 'EEXIST' || attempt === MAX_TEMPORARIES)
        throw outputError(`cannot write ${path}`, cause);
    }
  }
}

/** rename() would replace a file that appeared in the meantime; link() refuses. Some file systems have no links. */
async function moveWithoutReplacing(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST' || (await isThere(target))) throw cause;
    await rename(temporary, target);
    return;
  }
  await unlink(temporary);
}

/** Syncs the directory, so that the name also survives a crash. Some file systems cannot sync a directory. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    await folder.sync().catch(() => {});
    await folder.close();
  } catch {
    // The data is safe. This system offers nothing more for the name.
  }
}
