// Is this a mapped-ram stream? Its capability list says so.

import type { ByteSource } from '../../bytes/source.js';
import { openStream, type OpenOptions } from '../../open/open-stream.js';
import { capabilitiesOf } from '../../wire/configuration.js';

/** Reads the beginning of `source`, which can be sought and stays open. @throws MigrationStreamError as openStream */
export async function isMapped(source: ByteSource, options: OpenOptions = {}): Promise<boolean> {
  const stream = await openStream(source, { ...options, onProgress: () => {}, bodies: 'none' });
  for await (const event of stream.events()) {
    if (event.kind === 'configuration') return capabilitiesOf(event.configuration)?.includes('mapped-ram') === true;
    if (event.kind !== 'header') break;
  }
  return false;
}
