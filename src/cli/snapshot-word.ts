// FILE#SNAPSHOT: a file with that whole name comes first, then the shortest name before a `#` that is a file.

import { MigrationStreamError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';

export interface SnapshotWord {
  readonly source: ByteSource;
  readonly path: string;
  readonly snapshot: string | undefined;
}

/** The files that `state` may name, in the order in which they are tried. */
export function* readingsOf(state: string): Generator<Omit<SnapshotWord, 'source'>> {
  yield { path: state, snapshot: undefined };
  for (let at = state.indexOf('#', 1); at !== -1; at = state.indexOf('#', at + 1))
    yield { path: state.slice(0, at), snapshot: state.slice(at + 1) };
}

/** @throws MigrationStreamError code `io`, about the whole name */
export async function snapshotWord(state: string, open: (path: string) => Promise<ByteSource>): Promise<SnapshotWord> {
  let failure: unknown;
  for (const reading of readingsOf(state)) {
    try {
      return { source: await open(reading.path), ...reading };
    } catch (error) {
      failure ??= error;
      if (!(failure instanceof MigrationStreamError) || failure.code !== 'io') throw failure;
    }
  }
  throw failure;
}
