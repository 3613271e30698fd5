// A tar archive written again around another member: what stands before it and behind it is copied, its size is
// corrected.

import { readSource, type ByteSink, type ByteSource } from '../../bytes/source.js';
import { copyRange, forward, notKept } from '../keep.js';
import { BLOCK, withSize, type TarMember } from './members.js';

/**
 * The sink for the bytes of `member` of `outer`, a seekable archive. Its size stands before it: where `sink` only goes
 * forward (a pipe, compressed data), it must stay the same.
 * @throws MigrationStreamError `cannot-encode`, also at commit; `io`
 */
export async function keepMember(outer: ByteSource, member: TarMember, sink: ByteSink): Promise<ByteSink> {
  const { size: archive, seekable } = outer;
  if (!seekable || archive === undefined)
    throw notKept('the archive can only be read forward, and its other members are gone', { code: 'spool' });
  const { offset, size, paxSize } = member;
  const header = new Uint8Array(BLOCK);
  await readSource(outer, header, offset - BLOCK);
  await copyRange(outer, 0, offset, sink);
  const next = offset + Math.ceil(size / BLOCK) * BLOCK;
  let written = 0;
  return {
    ...forward(sink),
    async write(bytes) {
      await sink.write(bytes);
      written += bytes.length;
    },
    async skip(length) {
      await sink.skip(length);
      written += length;
    },
    async commit() {
      if (written !== size && (paxSize || sink.patch === undefined))
        throw notKept(
          `the member has ${written} bytes now, not ${size}, and its size stands ${paxSize ? 'in a pax header' : 'before it in an output that only goes forward'}`,
        );
      // What fills the last block of a member that did not change is copied with what follows.
      if (written === size) await copyRange(outer, offset + size, archive, sink);
      else {
        await sink.skip((BLOCK - (written % BLOCK)) % BLOCK);
        await copyRange(outer, Math.min(next, archive), archive, sink);
        await sink.patch!(withSize(header, written), offset - BLOCK);
      }
      await sink.commit();
    },
  };
}
