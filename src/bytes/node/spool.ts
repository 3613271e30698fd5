// A forward-only source copied to a temporary file, which is seekable.

import { randomBytes } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { disposable } from '../../base/dispose.js';
import { abortable } from '../abort.js';
import { readSource, type ByteSource } from '../source.js';
import { openFile } from './file-source.js';
import { ioError } from './system-error.js';
import { temporaries } from './temporaries.js';

const BLOCK = 1024 * 1024;

/**
 * A copy of `source` in `folder`, mode 0600 because it holds guest memory. Closing the copy removes the file and closes
 * `source`. Blocks of zeros become holes.
 * @throws MigrationStreamError as the source, or code `io` when the file cannot be written
 */
export async function spool(
  source: ByteSource,
  folder: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ByteSource & AsyncDisposable> {
  const path = join(folder, `.mstream-spool-${randomBytes(6).toString('hex')}`);
  const handle = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    throw ioError(`cannot write ${path}`, cause);
  });
  temporaries.add(path);
  const drop = async (): Promise<void> => {
    await unlink(path).catch(() => {});
    temporaries.forget(path);
  };
  try {
    const from = abortable(source, signal);
    const block = new Uint8Array(BLOCK);
    let at = 0;
    for (let got; (got = await readSource(from, block, at)) > 0; at += got) {
      const bytes = block.subarray(0, got);
      if (bytes.some((byte) => byte !== 0)) await handle.write(bytes, 0, got, at);
    }
    await handle.truncate(at);
  } catch (cause) {
    await handle.close().catch(() => {});
    await drop();
    signal?.throwIfAborted();
    throw ioError(`cannot write ${path}`, cause);
  }
  await handle.close();
  const copy = await openFile(path);
  return disposable({
    ...copy,
    label: source.label,
    async close() {
      await copy.close();
      await drop();
      await source.close();
    },
  });
}
