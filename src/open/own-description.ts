// The vmdescription that belongs to a stream, for code that wants it without the events. A file with two streams (one
// appended, or an older and longer file that was written over) ends with the vmdescription of another stream. So the
// stream is read until its vmdescription has come. A stream of more than MAX_PROOF bytes is believed to be the only one.

import { MigrationStreamError, unlessBroken } from '../base/errors.js';
import { readThrough, type ByteSource } from '../bytes/source.js';
import { MAX_PROOF } from '../limits.js';
import { parseSchema, type DescriptionSchema } from '../vmstate/index.js';
import { openStream, type OpenOptions } from './open-stream.js';

/** A vmdescription, and where its type byte stands. */
export interface PlacedDescription {
  readonly value: DescriptionSchema;
  readonly start: number;
}

export interface OwnDescription {
  /** The stream's own; undefined where it has none, or where the source cannot be sought. */
  readonly description: PlacedDescription | undefined;
  /** The vmdescription at the end of the file, where it belongs to another stream. */
  readonly foreign: PlacedDescription | undefined;
}

/**
 * A stream that breaks before its end gets the vmdescription at the end of its file. Bytes that are no stream get none.
 * `source` stays open.
 * @throws MigrationStreamError code `io` when the source fails
 */
export async function ownDescription(
  source: ByteSource,
  options: OpenOptions = {},
  proof = MAX_PROOF,
): Promise<OwnDescription> {
  if (!source.seekable) return { description: undefined, foreign: undefined };
  const kept = { ...readThrough(source, (into, at) => source.read(into, at)), close: async () => {} };
  const stream = await openStream(kept, { ...options, bodies: 'none' });
  const { description, descriptionAt } = stream;
  const last = description === undefined ? undefined : { value: description, start: descriptionAt! };
  try {
    for await (const event of stream.events()) {
      if (event.kind === 'vmdescription') {
        if (event.span.start === last?.start) return { description: last, foreign: undefined };
        const value = unlessBroken(() => parseSchema(event.json));
        return { description: value === undefined ? undefined : { value, start: event.span.start }, foreign: last };
      }
      if (stream.position > proof) return { description: last, foreign: undefined };
    }
    return { description: undefined, foreign: last };
  } catch (error) {
    if (!(error instanceof MigrationStreamError) || error.code === 'io') throw error;
    return { description: error.code === 'not-a-stream' ? undefined : last, foreign: undefined };
  } finally {
    await stream.close();
  }
}
