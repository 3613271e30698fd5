// Opening the guest memory of a stream: one reading that notes where the newest version of every page stands.

import { MigrationStreamError } from '../base/errors.js';
import { abortable } from '../bytes/abort.js';
import type { ByteSource } from '../bytes/source.js';
import { GuestMemory } from '../ram/guest-memory.js';
import { LastVersions } from '../ram/last-versions.js';
import { noInflate, type Inflate } from '../ram/page-decoder.js';
import type { RamBlockEntry } from '../wire/ram-block.js';
import type { StreamEvent } from '../stream/event.js';
import { openStream, type OpenOptions } from './open-stream.js';

export interface GuestMemoryOptions extends OpenOptions {
  /** Sees each event of the reading. */
  readonly observe?: (event: StreamEvent) => void;
  /** zlib, for the pages of the old `compress` capability. */
  readonly inflate?: Inflate | undefined;
}

/**
 * The memory that `source`, a stream that can be sought, leaves in its guest. Reads the stream once; the source stays
 * open. The signal ends this reading, and later that of pages.
 * @throws MigrationStreamError `not-seekable` for a pipe; as the events of openStream throw; `limit-exceeded`
 */
export async function openGuestMemory(source: ByteSource, options: GuestMemoryOptions): Promise<GuestMemory> {
  if (!source.seekable) throw notSeekable('the newest version of each page');
  const stream = await openStream(source, { ...options, bodies: 'none' });
  const versions = new LastVersions();
  let blocks: RamBlockEntry[] = [];
  let pageSize = 4096;
  for await (const event of stream.events()) {
    options.observe?.(event);
    if (event.kind === 'pages' || event.kind === 'mapped-pages') versions.add(event.runs);
    if (event.kind !== 'ram-blocks') continue;
    blocks = event.continues ? [...blocks, ...event.blocks] : [...event.blocks];
    pageSize = event.targetPageSize;
  }
  return new GuestMemory({
    source: abortable(source, options.signal),
    versions,
    blocks,
    pageSize,
    inflate: options.inflate ?? noInflate,
  });
}

/** The error for what shows only at the end of a stream that cannot be read twice. */
export function notSeekable(what: string): MigrationStreamError {
  return new MigrationStreamError({
    code: 'not-seekable',
    message: `${what} shows only at the end of the stream, and a pipe or compressed data cannot be read twice`,
    hint: { code: 'spool' },
  });
}
