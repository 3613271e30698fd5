// Files as sources. A seekable file has several positional reads in flight; a FIFO or a character device is read with
// one read at a time.

import { open, type FileHandle } from 'node:fs/promises';
import { MigrationStreamError } from '../../base/errors.js';
import { disposable } from '../../base/dispose.js';
import { forwardSource, type ByteSource } from '../source.js';
import { ioError } from './system-error.js';

/**
 * Opens `path` for reading; its size in bytes is the size at opening. Regular files and block devices are seekable.
 * @throws MigrationStreamError code `io` when it cannot be opened, is a directory, or (from `read`) cannot be read
 */
export async function openFile(path: string): Promise<ByteSource & AsyncDisposable> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw ioError(`cannot open ${path}`, cause);
  });
  try {
    const stat = await handle.stat();
    if (stat.isDirectory())
      throw new MigrationStreamError({ code: 'io', message: `cannot read ${path}: it is a directory` });
    if (stat.isFile()) return seekableFile(handle, path, stat.size);
    if (stat.isBlockDevice()) return seekableFile(handle, path, await deviceSize(handle));
    return forwardFile(handle, path);
  } catch (cause) {
    await handle.close().catch(() => {});
    throw ioError(`cannot open ${path}`, cause);
  }
}

function seekableFile(handle: FileHandle, path: string, size: number): ByteSource & AsyncDisposable {
  return disposable({
    label: path,
    size,
    seekable: true,
    async read(into, at) {
      let got = 0;
      while (got < into.length) {
        const { bytesRead } = await read(handle, path, into.subarray(got), at + got, at + got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
      return got;
    },
    close: () => handle.close(),
  });
}

/** `forwardSource` keeps the order, so each read continues at the end of the previous read. */
function forwardFile(handle: FileHandle, path: string): ByteSource & AsyncDisposable {
  return forwardSource({
    label: path,
    size: undefined,
    seekable: false,
    read: async (into, at) => (await read(handle, path, into, null, at)).bytesRead,
    close: () => handle.close(),
  });
}

async function read(
  handle: FileHandle,
  path: string,
  into: Uint8Array,
  position: number | null,
  offset: number,
): Promise<{ bytesRead: number }> {
  try {
    return await handle.read(into, 0, into.length, position);
  } catch (cause) {
    throw ioError(`cannot read ${path}`, cause, { offset });
  }
}

const SECTOR = 512;

/**
 * stat reports size 0 for a block device, and node has no ioctl: search for the last readable sector. Result in bytes.
 */
async function deviceSize(handle: FileHandle): Promise<number> {
  const probe = new Uint8Array(SECTOR);
  const readable = async (sector: number): Promise<boolean> =>
    (await handle.read(probe, 0, SECTOR, sector * SECTOR)).bytesRead === SECTOR;
  let beyond = 1;
  while (await readable(beyond - 1)) beyond *= 2;
  let inside = Math.floor(beyond / 2);
  while (beyond - inside > 1) {
    const middle = Math.floor((inside + beyond) / 2);
    if (await readable(middle - 1)) inside = middle;
    else beyond = middle;
  }
  return inside * SECTOR;
}
