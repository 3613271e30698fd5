// A saved VM state as a source of bytes, which can be sought.

import { MigrationStreamError } from '../../base/errors.js';
import type { ByteSource } from '../../bytes/source.js';
import { closeImage } from './backing.js';
import { Run } from './entries.js';
import type { State } from './state.js';

/** With its article, for errors and reports. */
export const IMAGE_TITLE = 'a qcow2 image';

/**
 * The first `size` bytes of a state. Closing it closes the image. Errors of the image have the state's offset, and the
 * image's as the place around it.
 */
export function stateSource(state: State, size: number, label: string): ByteSource {
  const { space, at: start } = state;
  return {
    label,
    size,
    seekable: true,
    async read(into, at) {
      const length = Math.max(0, Math.min(into.length, size - at));
      if (length === 0) return 0;
      try {
        return await space.readUpTo(into.subarray(0, length), start + at);
      } catch (error) {
        throw error instanceof MigrationStreamError ? inState(error, at) : error;
      }
    },
    async close() {
      await closeImage(space.image);
      await space.image.source.close();
    },
  };
}

/** `error` has the image's offset. */
function inState(error: MigrationStreamError, at: number): MigrationStreamError {
  const { code, message, offset, path, hint, cause, outer = [] } = error;
  const place = { container: IMAGE_TITLE, offset };
  return new MigrationStreamError({ code, message, offset: at, path, hint, cause, outer: [place, ...outer] });
}

/**
 * Byte `at` of a state as an offset in the image, by tables that are in hand already; undefined where it is compressed,
 * not allocated, or the tables are not in hand.
 */
export function placeOf({ space, at: start }: State, at: number): number | undefined {
  const slice = space.sliceInHand(start + at);
  if (slice === undefined) return undefined;
  const run = new Run();
  space.image.entries.runAt(slice, start + at, 1, run);
  return run.kind === 'data' ? run.host : undefined;
}
