// What is this, if it is no migration stream? Judged by the first bytes, for a message that helps. The order is that of
// docs/format.md: what has a magic first, then what only looks like something.

import { hexDigits } from '../base/bytes.js';
import { MigrationStreamError } from '../base/errors.js';
import { readSource, type ByteSource } from '../bytes/source.js';
import type { Layer } from './container.js';
import { recogniseEmbedded, recogniseLibvirt, recogniseQcow2 } from './recognise/containers.js';
import {
  recogniseAndroid,
  recogniseArchive,
  recogniseCprState,
  recogniseDump,
  recogniseMemory,
  recogniseMultifd,
  recognisePacked,
  recogniseText,
  recogniseZeros,
} from './recognise/others.js';
import { headOf, isStream, LOOK, MIGRATION_STREAM, type Head, type Recognised } from './recognise/result.js';

export type { Recognised, RecognisedKind } from './recognise/result.js';
export { HEAD_SIZE, LOOK, recognisedKinds } from './recognise/result.js';

export interface RecogniseOptions {
  /** Of the file, for the hint's command line; undefined: standard input. */
  readonly path?: string | undefined;
  /** Of the whole input, bytes, where it is known. */
  readonly size?: number | undefined;
}

const recognisers: readonly ((head: Head) => Recognised | undefined)[] = [
  recogniseLibvirt,
  recogniseQcow2,
  recogniseArchive,
  recogniseCprState,
  recogniseMultifd,
  recognisePacked,
  recogniseDump,
  recogniseAndroid,
  recogniseEmbedded,
  recogniseZeros,
  recogniseMemory,
  recogniseText,
];

/** Judges the first bytes of an input, 4 KiB or more of them where there are as many. Never throws. */
export function recognise(bytes: Uint8Array, options: RecogniseOptions = {}): Recognised {
  const head = headOf(bytes, options.path, options.size);
  if (bytes.length === 0) {
    return {
      kind: 'empty',
      title: 'an empty file',
      detail: '',
      hint: { code: 'still-running' },
    };
  }
  if (isStream(head)) return MIGRATION_STREAM;
  for (const recogniser of recognisers) {
    const found = recogniser(head);
    if (found !== undefined) return found;
  }
  const first = hexDigits(bytes.subarray(0, 8), ' ');
  return {
    kind: 'unknown',
    title: 'something unknown',
    detail: `it begins ${first}`,
    hint: { code: 'magic' },
  };
}

/**
 * The same for a source that can be sought: looks at its first MiB. `path` is its label.
 * @throws MigrationStreamError code `io`; TypeError for a source that cannot be sought
 */
export async function recogniseSource(source: ByteSource): Promise<Recognised> {
  if (!source.seekable) throw new TypeError(`${source.label} cannot be read again: remember its head`);
  const look = new Uint8Array(Math.min(LOOK, source.size ?? LOOK));
  const got = await readSource(source, look, 0);
  return recognise(look.subarray(0, got), { path: source.label, size: source.size });
}

/** "not a migration stream: this is gzip data with an ELF file (core dump)", with the hint. */
export function notAStream(found: Recognised, layers: readonly Layer[] = []): MigrationStreamError {
  const detail = found.detail === '' ? '' : ` (${found.detail})`;
  const inside = layers.map(({ facts }) => `${facts.title} with `).join('');
  return new MigrationStreamError({
    code: 'not-a-stream',
    message: `not a migration stream: this is ${inside}${found.title}${detail}`,
    offset: 0,
    // A hint's command line is about the file, not about what lies inside of it.
    hint: layers.length === 0 || found.hint === undefined || !('file' in found.hint) ? found.hint : undefined,
  });
}
