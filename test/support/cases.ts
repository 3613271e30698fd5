// Inputs from the field that hold the firmware of others, so they are in no repository: a folder beside it, named by
// MSTREAM_SHARED. A test without them is skipped, and says so.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const folder = join(process.env['MSTREAM_SHARED'] ?? '../shared', 'cases');

/** Undefined: not there; why was printed. */
export function fieldCase(name: string): Uint8Array | undefined {
  const path = join(folder, `${name}.gz`);
  if (existsSync(path)) return gunzipSync(readFileSync(path));
  console.log(`skipped: there is no ${path}; MSTREAM_SHARED names the folder that holds cases/`);
  return undefined;
}
