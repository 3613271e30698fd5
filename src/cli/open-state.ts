// Opens the stream that a command was given: input, progress, options, and closing at the end.

import type { ByteSource } from '../bytes/source.js';
import { openStream, type MigrationStream, type OpenOptions } from '../open/open-stream.js';
import { showDash, STDIO } from './args.js';
import type { Context } from './command.js';
import { startProgress, type Progress } from './progress.js';

export interface OpenState {
  readonly source: ByteSource;
  readonly stream: MigrationStream;
  readonly progress: Progress;
}

/**
 * Opens `state` (a path or `-`) for reading; it is closed when the command ends.
 * @throws MigrationStreamError code `io`
 */
export async function openState(
  context: Context,
  state: string,
  options: OpenOptions,
  wrap: (source: ByteSource) => ByteSource = (source) => source,
): Promise<OpenState> {
  const path = showDash(state);
  const source = wrap(await context.host.openInput(path));
  const progress = startProgress(
    context.host,
    context.progress,
    `reading ${path === STDIO ? 'stdin' : path}`,
    source.size,
  );
  context.defer(() => progress.stop());
  let stream: MigrationStream;
  try {
    stream = await openStream(source, { ...options, onProgress: (position) => progress.update(position) });
  } catch (error) {
    await source.close();
    throw error;
  }
  context.defer(() => stream.close());
  return { source, stream, progress };
}
