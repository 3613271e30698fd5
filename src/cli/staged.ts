// A stream that stands alone in a file for a while: until it was tried, or until its size is known.

import { dirname, join } from 'node:path';
import type { ByteSink, ByteSource } from '../bytes/source.js';
import type { Context } from './command.js';

/**
 * A temporary file beside `output` that holds the stream at byte `at`. `commit` gives the stream to `finish`, and
 * removes the file.
 * @throws MigrationStreamError code `io`
 */
export async function staged(
  context: Context,
  output: string,
  at: number,
  finish: (source: ByteSource) => Promise<void>,
): Promise<ByteSink> {
  const { host } = context;
  const file = await host.openOutput(join(dirname(output), `.mstream-${host.now().toFixed(0)}.stream`), true);
  context.defer(() => file.abort());
  await file.skip(at);
  const { rangeSource } = await import('../bytes/source.js');
  return {
    ...file,
    stagedAt: at,
    patch: undefined,
    async commit() {
      const source = rangeSource(await host.openInput(file.staged!), at, undefined);
      try {
        await finish(source);
      } finally {
        await source.close();
        await file.abort();
      }
    },
  };
}

/** Takes everything. */
export const nowhere: ByteSink = {
  label: 'nothing',
  write: async () => {},
  skip: async () => {},
  commit: async () => {},
  abort: async () => {},
};
