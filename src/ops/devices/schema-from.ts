// `--schema-from FILE`: what another file says of devices. It may be a stream with a vmdescription, that JSON alone, or
// what QEMU's -dump-vmstate wrote.

import { MigrationStreamError } from '../../base/errors.js';
import { latin1 } from '../../bytes/window.js';
import { abortable } from '../../bytes/abort.js';
import { readSource, type ByteSource } from '../../bytes/source.js';
import { MAX_VMDESCRIPTION } from '../../limits.js';
import { findTail } from '../../stream/tail.js';
import { openStream } from '../../open/open-stream.js';
import { layoutsOfDump } from './dump-layouts.js';
import { layoutsOfStream } from './learned-layouts.js';
import { readSchema } from './own-layouts.js';
import type { Layouts } from './stream-device.js';

/**
 * Reads `input`, and closes it.
 * @throws MigrationStreamError code `bad-vmdescription` when nothing can be learned from it, and as reading throws
 */
export async function readLayouts(
  input: ByteSource,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Layouts> {
  const source = abortable(input, signal);
  const { label } = source;
  try {
    const head = new Uint8Array(1);
    if (source.seekable && (await readSource(source, head, 0)) === 1 && head[0] === 0x7b)
      return fromJson(await readAll(source), label);
    const json = source.seekable
      ? (await findTail(source, (bytes) => (typeof readSchema(bytes) === 'string' ? undefined : bytes)))?.value
      : undefined;
    return fromJson(json ?? (await walkFor(source)), label);
  } finally {
    await source.close();
  }
}

function fromJson(json: Uint8Array, label: string): Layouts {
  const schema = readSchema(json);
  if (typeof schema !== 'string') return layoutsOfStream(schema, label);
  // A vmdescription has "devices", a dump the machine's name and then device types. Both are within one limit by now.
  const text = latin1(json, 0, json.length);
  if (!/^\s*\{\s*"vmschkmachine"/.test(text)) throw nothing(label, schema);
  return layoutsOfDump(json, label);
}

function nothing(label: string, why: string): MigrationStreamError {
  return new MigrationStreamError({
    code: 'bad-vmdescription',
    message: `nothing can be learned from ${label}: ${why}`,
    hint: { code: 'schema-source' },
  });
}

async function walkFor(source: ByteSource): Promise<Uint8Array> {
  const stream = await openStream(source, { bodies: 'none' });
  for await (const event of stream.events()) if (event.kind === 'vmdescription') return event.json;
  throw nothing(source.label, 'the stream has no vmdescription');
}

async function readAll(source: ByteSource): Promise<Uint8Array> {
  const { size } = source;
  if (size === undefined || size > MAX_VMDESCRIPTION)
    throw new MigrationStreamError({
      code: 'limit-exceeded',
      message: `${source.label}: more than ${MAX_VMDESCRIPTION} bytes of JSON`,
    });
  const bytes = new Uint8Array(size);
  return bytes.subarray(0, await readSource(source, bytes, 0));
}
