// The channels of a multifd capture, joined into one plain stream.

import { flushDecoders } from '../bytes/node/flush-decoders.js';
import type { ByteSink, ByteSource } from '../bytes/source.js';
import { createWriter } from '../open/create-writer.js';
import { joinChannels } from '../open/join-channels.js';
import { openStream, type OpenOptions } from '../open/open-stream.js';
import { openChannels } from './channels.js';
import type { Context } from './command.js';

/**
 * With `base`, the bytes of the file before the stream, the result is mapped-ram; without it, a plain stream. Answers
 * the bytes written; does not commit.
 * @throws MigrationStreamError as joinChannels and the sink
 */
export async function writeJoined(
  context: Context,
  main: ByteSource,
  state: string,
  paths: readonly string[],
  sink: ByteSink,
  options: OpenOptions,
  base?: number,
): Promise<number> {
  const channels = await openChannels(context, state, paths);
  const joined = joinChannels(await openStream(main, options), channels, flushDecoders);
  if (base !== undefined) {
    const { mapStream } = await import('../ops/convert/to-mapped.js');
    return mapStream(joined, sink, { ...options, base });
  }
  const writer = createWriter(sink);
  for await (const event of joined.events()) await writer.write(event);
  await writer.flush();
  return writer.position;
}
