// The writing half of a file sink: positional writes into an open handle, with holes where nothing is written.

import type { FileHandle } from 'node:fs/promises';
import type { ByteSink } from '../source.js';
import { outputError, systemCode } from './system-error.js';

const ZEROS = new Uint8Array(64 * 1024);

/**
 * Bytes between two early syncs: few enough to keep the disk busy, many enough to make each sync worth a journal
 * commit.
 */
const EARLY_SYNC = 32 * 1024 * 1024;

/**
 * `handle` as a sink from offset 0. `commit` (after fsync) and `abort` close it. `forward` means a FIFO or a device,
 * which has no holes, so `skip` writes zeros. All methods throw MigrationStreamError code `io` with the offset.
 */
export function openFileWriter(handle: FileHandle, label: string, forward: boolean): ByteSink {
  let position = 0;
  let length = 0;
  let closed = false;
  let dirty = 0;
  let syncing: Promise<void> | undefined;
  let failed: { readonly cause: unknown } | undefined;

  /**
   * An early sync lets the disk write the first bytes while later bytes are still being written. Without it the kernel
   * begins when memory runs short, and `commit` waits for all bytes (measured: 1.4 to 1.8 times `cp` and sync, against
   * 1.0 to 1.2). The kernel reports a write-back error only once, so the error is kept for the next write or commit.
   */
  const syncEarly = (): void => {
    if (forward || syncing !== undefined || dirty < EARLY_SYNC) return;
    dirty = 0;
    syncing = handle
      .datasync()
      .catch((cause: unknown) => void (failed = { cause }))
      .finally(() => void (syncing = undefined));
  };

  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw outputError(`cannot write ${label}`, cause, { offset: position });
    }
  };

  const put = async (bytes: Uint8Array, at: number | null): Promise<void> => {
    for (let done = 0; done < bytes.length;) {
      const place = at === null ? null : at + done;
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, place);
      done += bytesWritten;
      dirty += bytesWritten;
    }
    length = Math.max(length, (at ?? position) + bytes.length);
    if (failed !== undefined) throw failed.cause;
    syncEarly();
  };

  const write = async (bytes: Uint8Array): Promise<void> => {
    await put(bytes, forward ? null : position);
    position += bytes.length;
  };

  return {
    label,
    write: (bytes) => guard(() => write(bytes)),
    patch: forward ? undefined : (bytes, at) => guard(() => put(bytes, at)),
    skip: (count) =>
      guard(async () => {
        if (!forward) position += count;
        else
          for (let left = count; left > 0; left -= ZEROS.length)
            await write(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
      }),
    commit: () =>
      guard(async () => {
        await syncing;
        if (failed !== undefined) throw failed.cause;
        // A hole at the very end exists only as the file's length.
        if (position > length) await handle.truncate(position);
        await handle.sync().catch((cause: unknown) => {
          // fsync of a FIFO or a character device fails with EINVAL: there is nothing to sync.
          if (!forward || systemCode(cause) !== 'EINVAL') throw cause;
        });
        closed = true;
        await handle.close();
      }),
    async abort() {
      if (closed) return;
      closed = true;
      await syncing;
      await handle.close().catch(() => {});
    },
  };
}
