// A stream that begins further in: behind `file:PATH,offset=N`, or behind anything else. QEMU: file_parse_offset(),
// migration/file.c.

import { MigrationStreamError } from '../../base/errors.js';
import { rangeSource, type ByteSource } from '../../bytes/source.js';
import { hex } from '../../bytes/window.js';
import type { Container, ContainerFacts, Layer } from '../container.js';
import { recogniseEmbedded } from '../recognise/containers.js';
import { LOOK } from '../recognise/result.js';

export interface OffsetFacts extends ContainerFacts {
  readonly container: 'offset';
  /** Where the inner source begins, bytes. */
  readonly offset: number;
  /** Who says so: the caller, or a search for the stream's header. */
  readonly how: 'given' | 'searched';
}

/** The inner source begins at byte `offset` of `outer`. @throws MigrationStreamError code `truncated` */
export function offsetLayer(
  outer: ByteSource,
  offset: number,
  how: OffsetFacts['how'] = 'given',
  notes: OffsetFacts['notes'] = [],
): Layer<OffsetFacts> {
  if (outer.size !== undefined && offset > outer.size)
    throw new MigrationStreamError({
      code: 'truncated',
      message: `${outer.label} ends before offset ${hex(offset)}`,
      offset: outer.size,
    });
  const inner = outer.seekable ? rangeSource(outer, offset, undefined) : skipping(outer, offset);
  const facts: OffsetFacts = {
    container: 'offset',
    title: 'a file with a stream further in',
    details: [`offset ${hex(offset)}`],
    notes,
    offset,
    how,
  };
  return { facts, inner, streamAt: offset, locate: (at) => at + offset };
}

/** The bytes of a pipe from `offset` on: what stands before is read and dropped. */
function skipping(outer: ByteSource, offset: number): ByteSource {
  let skipped = 0;
  return {
    ...rangeSource(outer, offset, undefined),
    async read(into, at) {
      const waste = new Uint8Array(64 * 1024);
      while (skipped < offset) {
        const got = await outer.read(waste.subarray(0, Math.min(waste.length, offset - skipped)), skipped);
        if (got === 0) return 0;
        skipped += got;
      }
      return outer.read(into, offset + at);
    },
  };
}

export const offsetContainer: Container<OffsetFacts> = {
  name: 'offset',
  look: LOOK,
  stands: (head) => recogniseEmbedded(head) !== undefined,
  async open(outer, head) {
    const found = recogniseEmbedded(head)!;
    const notes = found.detail === '' ? [{ code: 'searched', message: 'the stream was found by its header' }] : [];
    return offsetLayer(outer, found.streamAt!, 'searched', notes);
  },
};
