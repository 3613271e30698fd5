// FILE#SNAPSHOT: a file with that whole name comes first, then the shortest name before a `#` that is a file.

import { MigrationStreamError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';

export interface SnapshotWord {
  readonly source: ByteSource;
  readonly path: string;
  readonly snapshot: string | undefined;
}

/** @throws MigrationStreamError code `io`, about the whole name */
export async function snapshotWord(state: string, open: (path: string) => Promise<ByteSource>): Promise<SnapshotWord> {
  try {
    return { source: await open(state), path: state, snapshot: undefined };
  } catch (error) {
    if (!(error instanceof MigrationStreamError) || error.code !== 'io') throw error;
    for (let at = state.indexOf('#', 1); at !== -1; at = state.indexOf('#', at + 1)) {
      const path = state.slice(0, at);
      const source = await open(path).catch(() => undefined);
      if (source !== undefined) return { source, path, snapshot: state.slice(at + 1) };
    }
    throw error;
  }
}
