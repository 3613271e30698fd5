// The vmdescription that belongs to a stream, for code that wants it without the events. A file with two streams (one
// appended, or an older and longer file that was written over) ends with the vmdescription of another stream, so the
// stream is read until its own has come. A stream of more than MAX_PROOF bytes is believed to be the only one.

import { MigrationStreamError } from '../base/errors.js';
import { abortable } from '../bytes/abort.js';
import { readThrough, type ByteSource } from '../bytes/source.js';
import { MAX_PROOF } from '../limits.js';
import { findTail, type Tail } from '../stream/tail.js';
import { openStream, type OpenOptions } from './open-stream.js';

export interface OwnDescription<T> {
  /** The stream's own; undefined where it has none, or where the source cannot be sought. */
  readonly own: Tail<T> | undefined;
  /** The vmdescription at the end of the file, where it belongs to another stream. */
  readonly foreign: Tail<T> | undefined;
}

/**
 * `parse` answers undefined for bytes that are no vmdescription. A stream that breaks before its end is given the
 * vmdescription at the end of its file. `source` stays open.
 * @throws MigrationStreamError code `io` when the source fails
 */
export async function ownDescription<T>(
  source: ByteSource,
  parse: (json: Uint8Array) => T | undefined,
  options: OpenOptions = {},
  proof = MAX_PROOF,
): Promise<OwnDescription<T>> {
  if (!source.seekable) return { own: undefined, foreign: undefined };
  const last = await findTail(abortable(source, options.signal), parse);
  const kept = { ...readThrough(source, (into, at) => source.read(into, at)), close: async () => {} };
  const stream = await openStream(kept, { ...options, bodies: false });
  try {
    for await (const event of stream.events()) {
      if (event.kind === 'vmdescription') {
        if (event.span.start === last?.span.start) return { own: last, foreign: undefined };
        const value = parse(event.json);
        const own = value === undefined ? undefined : { value, json: event.json, span: event.span };
        return { own, foreign: last };
      }
      if (stream.position > proof) return { own: last, foreign: undefined };
    }
    return { own: undefined, foreign: last };
  } catch (error) {
    if (!(error instanceof MigrationStreamError) || error.code === 'io') throw error;
    return { own: last, foreign: undefined };
  } finally {
    await stream.close();
  }
}
