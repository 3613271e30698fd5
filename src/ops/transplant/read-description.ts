// The description of another stream, for a source that has none.

import { Refused } from '../../base/refused.js';
import type { ByteSource } from '../../bytes/source.js';
import { parseSchema, type DescriptionSchema } from '../../vmstate/index.js';
import { openStream } from '../../open/open-stream.js';

/** @throws Refused: it has none either; MigrationStreamError as openStream */
export async function readDescription(source: ByteSource): Promise<DescriptionSchema> {
  const stream = await openStream(source, { bodies: 'none' });
  for await (const event of stream.events()) if (event.kind === 'vmdescription') return parseSchema(event.json);
  throw new Refused('refused', `${source.label} has no vmdescription either`);
}
