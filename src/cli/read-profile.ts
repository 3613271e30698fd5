// A destination out of a file that `mstream profile` wrote.

import { readSource } from '../bytes/source.js';
import type { Destination } from '../destination/destination.js';
import { parseProfile } from '../destination/document.js';
import { BadProfile } from '../destination/profile.js';
import { MAX_PROFILE } from '../limits.js';
import type { Context } from './command.js';
import { UsageError } from './usage-error.js';

/** @throws UsageError: no profile; MigrationStreamError code `io` */
export async function readProfile(path: string, context: Context): Promise<Destination> {
  const source = await context.host.openInput(path);
  try {
    const { size } = source;
    if (size === undefined || size > MAX_PROFILE)
      throw new UsageError(`--against ${path}: no profile`, 'a file of at most 64 MiB');
    const bytes = new Uint8Array(size);
    await readSource(source, bytes, 0);
    return parseProfile(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof BadProfile) throw new UsageError(`--against ${path}: ${error.message}`);
    throw error;
  } finally {
    await source.close();
  }
}
