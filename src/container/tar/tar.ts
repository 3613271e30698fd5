// A tar archive with a state as one of its members: ustar, GNU and pax archives. docs/containers/tar.md.

import { MigrationStreamError } from '../../base/errors.js';
import { quote } from '../../base/quote.js';
import { forwardWithGaps } from '../../bytes/gaps.js';
import { peekSource, type PeekSource } from '../../bytes/peek.js';
import { rangeSource, type ByteSource } from '../../bytes/source.js';
import type { Container, ContainerFacts, Layer } from '../container.js';
import { recognise } from '../recognise.js';
import { HEAD_SIZE, stands, type RecognisedKind } from '../recognise/result.js';
import { keepMember } from './keep.js';
import { members, type TarMember } from './members.js';

export interface TarFacts extends ContainerFacts {
  readonly container: 'tar';
  readonly member: string;
  /** Offset of the member's bytes in the archive. */
  readonly offset: number;
  readonly size: number;
}

const MAGIC_AT = 257;
/** Names that an error lists. */
const LISTED = 5;

/** A member that begins so is taken where none was named. */
const states: readonly RecognisedKind[] = [
  'migration-stream',
  'libvirt-save',
  'qcow2',
  'gzip',
  'zstd',
  'xz',
  'bzip2',
  'lzop',
  'lz4',
];

export const tarContainer: Container<TarFacts> = {
  name: 'tar',
  stands: (head) => stands(head, 'ustar', MAGIC_AT),
  async open(given, _head, context) {
    const outer = given.seekable || context.spool === undefined ? given : await context.spool(given);
    const { member, inner } = await find(outer.seekable ? outer : forwardWithGaps(outer), context.member);
    const { name, offset, size } = member;
    const facts: TarFacts = {
      container: 'tar',
      title: 'a tar archive',
      details: [`member ${quote(name)}`, `${size} bytes`],
      notes:
        context.member === undefined
          ? [{ code: 'first-state', message: 'no member was named: this is the first that can hold a state' }]
          : [],
      member: name,
      offset,
      size,
    };
    const keep: Layer['keep'] = async (sink) => ({ sink: await keepMember(outer, member, sink), shift: 0 });
    return { facts, inner, streamAt: offset, locate: (at) => at + offset, keep };
  },
};

async function find(outer: ByteSource, wanted: string | undefined): Promise<{ member: TarMember; inner: PeekSource }> {
  /** At most LISTED + 1 names. */
  const names: string[] = [];
  const listed = (name: string): unknown => names.length <= LISTED && names.push(name);
  for await (const member of members(outer)) {
    const { name, offset, size, plain } = member;
    if (wanted !== undefined && name === wanted && !plain)
      throw new MigrationStreamError({
        code: 'unsupported',
        message: `the member ${quote(name)} of the tar archive is no plain file`,
        offset,
        hint: { code: 'extract', member: name },
      });
    if (!plain || (wanted !== undefined && name !== wanted)) {
      listed(name);
      continue;
    }
    const inner = peekSource(rangeSource(outer, offset, offset + size));
    if (wanted !== undefined || states.includes(recognise(await inner.peek(Math.min(HEAD_SIZE, size))).kind))
      return { member, inner };
    listed(name);
  }
  const list = `${names.slice(0, LISTED).map(quote).join(', ')}${names.length > LISTED ? ', …' : ''}`;
  throw new MigrationStreamError({
    code: 'not-a-stream',
    message:
      wanted === undefined
        ? `no member of the tar archive can hold a state: ${list}`
        : `the tar archive has no member ${quote(wanted)}: ${list}`,
    offset: 0,
  });
}
