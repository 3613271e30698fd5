// All devices of a stream, decoded as far as their layouts are known. A file that ends with the vmdescription of its
// stream is read from that end, and its RAM only as far as MAX_PROOF asks; anything else is read once, from the front.

import { MigrationStreamError } from '../../base/errors.js';
import { memorySource, type ByteSource } from '../../bytes/source.js';
import type { DescriptionSchema } from '../../vmstate/index.js';
import { MAX_DEVICE_BYTES } from '../../limits.js';
import { FullSections } from '../../open/full-sections.js';
import { openStream, type OpenOptions } from '../../open/open-stream.js';
import { ownDescription } from '../../open/own-description.js';
import { placeFromTail } from './anchor.js';
import { layoutsOfStream } from './learned-layouts.js';
import { OwnLayouts, readSchema } from './own-layouts.js';
import { streamDevice, type Layouts, type StreamDevice } from './stream-device.js';

export type { StreamDevice } from './stream-device.js';

export interface DevicesOptions extends OpenOptions {
  /** Layouts for what the stream itself does not describe. */
  readonly layouts?: Layouts | undefined;
  /** Bytes that are read to prove that the vmdescription at the end is the stream's own. Default MAX_PROOF. */
  readonly proof?: number;
}

export interface StreamDevices {
  /** In stream order. */
  readonly devices: readonly StreamDevice[];
  /** `tail`: laid out backwards from the vmdescription. `walk`: the stream was read from its first byte. */
  readonly how: 'tail' | 'walk';
  /** Why a file with a vmdescription was walked nevertheless. */
  readonly note: string | undefined;
  /** What ended the reading too early; `devices` are those before it. */
  readonly error: MigrationStreamError | undefined;
}

/**
 * Reads the FULL sections of `input`, those in PACKAGED blobs included. Closing it is the caller's.
 * @throws MigrationStreamError code `io` when the file's tail cannot be read; errors of the stream itself are in the
 * answer
 */
export async function readDevices(
  input: ByteSource | Uint8Array,
  options: DevicesOptions = {},
): Promise<StreamDevices> {
  const source = input instanceof Uint8Array ? memorySource(input) : input;
  const { description, foreign } = await ownDescription(source, options, options.proof);
  if (description === undefined) {
    const label = 'the vmdescription of another stream at the end of the file';
    const layouts = options.layouts ?? (foreign === undefined ? undefined : layoutsOfStream(foreign.value, label));
    return walk(source, { ...options, layouts }, undefined, undefined);
  }
  const placed = await placeFromTail(source, description.start, description.value);
  if (typeof placed === 'string') return walk(source, options, description.value, placed);
  const devices = placed.map(({ device, ...found }) =>
    streamDevice({ ...found, boundary: 'vmdescription', depth: 0 }, device, options.layouts),
  );
  return { devices, how: 'tail', note: undefined, error: undefined };
}

async function walk(
  source: ByteSource,
  options: DevicesOptions,
  schema: DescriptionSchema | undefined,
  note: string | undefined,
): Promise<StreamDevices> {
  const stream = await openStream(source, options);
  const full = new FullSections({ limit: MAX_DEVICE_BYTES, wants: ({ idstr }) => idstr !== 'ram' });
  let description: DescriptionSchema | string = schema ?? 'the stream has no vmdescription';
  let error: MigrationStreamError | undefined;
  try {
    for await (const event of stream.events()) {
      if (event.kind === 'vmdescription' && schema === undefined) description = readSchema(event.json);
      full.observe(event);
    }
  } catch (thrown) {
    if (!(thrown instanceof MigrationStreamError)) throw thrown;
    error = thrown;
  }
  const layouts = new OwnLayouts(description);
  return {
    devices: full.whole.map((section) => streamDevice(section, layouts.next(section.section), options.layouts)),
    how: 'walk',
    note,
    error,
  };
}
