// The errors of a qcow2 image: each names the place in the image, in bytes from its start.

import type { Hint } from '../../base/hint.js';
import { MigrationStreamError, type ErrorCode } from '../../base/errors.js';
import { hex } from '../../bytes/window.js';

export interface PlaceInImage {
  /** Bytes from the start of the image. */
  readonly offset?: number | undefined;
  /** The structure, outermost first: `['snapshot table', 'entry 2']`. */
  readonly path?: readonly string[] | undefined;
  readonly hint?: Hint | undefined;
}

/** The image contradicts its own format. */
export function damagedImage(message: string, place: PlaceInImage = {}): MigrationStreamError {
  return imageError('bad-container', message, place);
}

/** The image is whole, but uses something that is not read here. */
export function unsupportedImage(message: string, place: PlaceInImage = {}): MigrationStreamError {
  return imageError('unsupported', message, place);
}

/** `what` stands at `offset` or reaches up to it, and the image ends at `size`. */
export function cutImage(what: string, offset: number, size: number, path?: readonly string[]): MigrationStreamError {
  return imageError('truncated', `${what} lies at ${hex(offset)}, the image ends at ${hex(size)}`, {
    offset: size,
    path,
    hint: { code: 'copy-cut' },
  });
}

export function imageError(
  code: ErrorCode,
  message: string,
  { offset, path, hint }: PlaceInImage,
): MigrationStreamError {
  return new MigrationStreamError({ code, message, offset, path: ['qcow2 image', ...(path ?? [])], hint });
}
