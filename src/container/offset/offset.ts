// A stream that begins further in: behind `file:PATH,offset=N`, or behind anything else. QEMU: file_parse_offset(),
// migration/file.c.

import { MigrationStreamError } from '../../base/errors.js';
import { forwardWithGaps } from '../../bytes/gaps.js';
import { rangeSource, type ByteSource } from '../../bytes/source.js';
import { hex } from '../../bytes/window.js';
import type { Container, ContainerFacts, Layer } from '../container.js';
import { copyRange, forward, notKept } from '../keep.js';
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
  const inner = rangeSource(outer.seekable ? outer : forwardWithGaps(outer), offset, undefined);
  const facts: OffsetFacts = {
    container: 'offset',
    title: 'a file with a stream further in',
    details: [`offset ${hex(offset)}`],
    notes,
    offset,
    how,
  };
  const keep: Layer['keep'] = async (sink) => {
    if (!outer.seekable) throw notKept('what stands before the stream came from a pipe, and is gone');
    await copyRange(outer, 0, offset, sink);
    return { sink: forward(sink), shift: 0 };
  };
  return { facts, inner, streamAt: offset, locate: (at) => at + offset, keep };
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
