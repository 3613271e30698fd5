// Containers whose parts lie in any order need a source that can be sought.

import { MigrationStreamError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';
import type { OpenContext } from './container.js';

/** `outer`, or a spooled copy of it. `what`: "a qcow2 image". @throws MigrationStreamError code `not-seekable` */
export async function seekable(outer: ByteSource, what: string, { spool }: OpenContext): Promise<ByteSource> {
  if (outer.seekable) return outer;
  if (spool !== undefined) return spool(outer);
  throw new MigrationStreamError({
    code: 'not-seekable',
    message: `${what} cannot be read from a pipe or from compressed data`,
    hint: { code: 'spool' },
  });
}
