// Guest memory as a file with holes. Pages are written in any order; the complete file is then moved into place, or
// nothing is.

import { constants } from 'node:fs';
import { link, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { disposable } from '../../base/dispose.js';
import type { MemoryOrigin, MemoryTarget } from '../memory.js';
import { exists, isThere } from './existing.js';
import { ioError, outputError, systemCode } from './system-error.js';
import { temporaries } from './temporaries.js';

/** Guest memory, which nobody but its owner may read. */
const NEW_MODE = 0o600;

/** `open` creates the file; nothing exists before. */
export function memoryFile(path: string, force: boolean): MemoryTarget {
  const temporary = `${path}.${process.pid}.tmp`;
  let handle: FileHandle | undefined;
  /** The end of the written part: beyond it, a zero page is already a hole. */
  let written = 0;
  let made = false;
  const opened = (): FileHandle => {
    if (handle === undefined) throw new TypeError('memory file used before it was opened');
    return handle;
  };
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw outputError(`cannot write ${path}`, cause);
    }
  };
  return {
    label: path,
    open: (length) =>
      guard(async () => {
        if (!force && (await isThere(path))) throw exists(path);
        handle = await open(temporary, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, NEW_MODE);
        temporaries.add(temporary);
        await handle.truncate(length);
      }),
    write: (bytes, at) =>
      guard(async () => {
        for (let done = 0; done < bytes.length;) {
          const { bytesWritten } = await opened().write(bytes, done, bytes.length - done, at + done);
          done += bytesWritten;
        }
        written = Math.max(written, at + bytes.length);
      }),
    read: (into, at) =>
      guard(async () => {
        into.fill(0);
        for (let done = 0; done < into.length;) {
          const { bytesRead } = await opened().read(into, done, into.length - done, at + done);
          if (bytesRead === 0) return;
          done += bytesRead;
        }
      }),
    zero: (at, length) =>
      guard(async () => {
        const end = Math.min(at + length, written);
        const zeros = new Uint8Array(Math.max(0, Math.min(end - at, 1024 * 1024)));
        const there = new Uint8Array(zeros.length);
        for (let from = at; from < end; from += zeros.length) {
          const part = Math.min(zeros.length, end - from);
          // A hole reads as zeros, and must stay a hole.
          const { bytesRead } = await opened().read(there, 0, part, from);
          if (Buffer.compare(there.subarray(0, bytesRead), zeros.subarray(0, bytesRead)) !== 0)
            await opened().write(zeros, 0, part, from);
        }
      }),
    async commit() {
      await guard(async () => {
        await opened().sync();
        await opened().close();
        await (force ? rename(temporary, path) : link(temporary, path).then(() => unlink(temporary)));
      }).catch((error: unknown) => {
        throw systemCode((error as Error).cause) === 'EEXIST' ? exists(path, error) : error;
      });
      made = !force;
      temporaries.forget(temporary);
    },
    async abort() {
      await handle?.close().catch(() => {});
      if (handle !== undefined) await unlink(temporary).catch(() => {});
      // The file was in place, but a later step failed.
      if (made) await unlink(path).catch(() => {});
      made = false;
      temporaries.forget(temporary);
    },
  };
}

/** An existing memory file, for reading. @throws MigrationStreamError `io` */
export async function openMemory(path: string): Promise<MemoryOrigin & AsyncDisposable & { close(): Promise<void> }> {
  try {
    const handle = await open(path, 'r');
    const { size } = await handle.stat();
    return disposable({
      label: path,
      size,
      async read(into: Uint8Array, at: number) {
        let done = 0;
        while (done < into.length) {
          const { bytesRead } = await handle.read(into, done, into.length - done, at + done);
          if (bytesRead === 0) break;
          done += bytesRead;
        }
        return done;
      },
      close: () => handle.close(),
    });
  } catch (cause) {
    throw ioError(`cannot read ${path}`, cause);
  }
}
