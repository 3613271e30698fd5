// The writer of migration streams with its port filled in, the counterpart of openStream.

import type { ByteSink } from '../bytes/source.js';
import { writePageRuns } from '../ram/page-writer.js';
import { StreamWriter } from '../stream/writer.js';

export type { StreamWriter } from '../stream/writer.js';

/**
 * Events in, bytes out: `for await (const event of stream.events()) await writer.write(event); await writer.finish();`
 */
export function createWriter(sink: ByteSink): StreamWriter {
  return new StreamWriter(sink, writePageRuns);
}
