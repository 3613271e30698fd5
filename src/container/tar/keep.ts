// A tar archive written again around an edited member. The other members are copied, and the size in the member's header
// is corrected.

import { readSource, type ByteSink, type ByteSource } from '../../bytes/source.js';
import { copyRange, ending, forward, notKept } from '../keep.js';
import { BLOCK, withSize, type TarMember } from './members.js';

/**
 * The sink for the new bytes of `member` of the archive `outer`. The member's size stands in front of the member, so it
 * must not change where `sink` only goes forward (a pipe, compressed data).
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
  return ending(forward(sink), async (written) => {
    // The bytes that fill the last block of an unchanged member are copied with the members behind it.
    if (written === size) return copyRange(outer, offset + size, archive, sink);
    if (paxSize || sink.patch === undefined)
      throw notKept(
        `the member has ${written} bytes now, not ${size}, and its size stands ${paxSize ? 'in a pax header' : 'before it in an output that only goes forward'}`,
      );
    await sink.skip((BLOCK - (written % BLOCK)) % BLOCK);
    await copyRange(outer, Math.min(next, archive), archive, sink);
    await sink.patch(withSize(header, written), offset - BLOCK);
  });
}
