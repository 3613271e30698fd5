// An output path that already exists. It is replaced only on request.

import { lstat } from 'node:fs/promises';
import { MigrationStreamError } from '../../base/errors.js';

export function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

export function exists(path: string, cause?: unknown): MigrationStreamError {
  return new MigrationStreamError({
    code: 'io',
    message: `${path} exists already`,
    hint: { code: 'replace' },
    cause,
  });
}
