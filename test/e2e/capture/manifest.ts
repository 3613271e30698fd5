// fixtures/manifest.json: size and SHA-256 of every stored file, and of what is inside the .gz ones. Imports nothing of
// ours.

import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export interface ManifestEntry {
  readonly size: number;
  readonly sha256: string;
  /** Of the contents, for a .gz. */
  readonly unpacked?: { readonly size: number; readonly sha256: string };
}

function measure(bytes: Uint8Array): { readonly size: number; readonly sha256: string } {
  return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * Everything in streams/, containers/ and profiles/ that was captured, and the guests: what golden runs add is left
 * out.
 */
export async function manifestOf(fixtures: string): Promise<Record<string, ManifestEntry>> {
  const top = (await readdir(fixtures)).filter((name) => /^(guest.*|answers.*\.json)$/.test(name));
  const folders = await readdir(join(fixtures, 'streams'));
  const inside = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(fixtures, 'streams', folder))).map((name) => `streams/${folder}/${name}`),
    ),
  );
  const containers = (await readdir(join(fixtures, 'containers'))).map((name) => `containers/${name}`);
  const profiles = (await readdir(join(fixtures, 'profiles'))).map((name) => `profiles/${name}`);
  const packed = inside.flat().filter((name) => /\.(gz|json)$/.test(name));
  const names = [...top, ...containers, ...profiles, ...packed].sort();
  const entries: Record<string, ManifestEntry> = {};
  for (const name of names) {
    const bytes = await readFile(join(fixtures, name));
    entries[name] = { ...measure(bytes), ...(name.endsWith('.gz') ? { unpacked: measure(gunzipSync(bytes)) } : {}) };
  }
  return entries;
}

export async function writeManifest(fixtures: string): Promise<void> {
  await writeFile(join(fixtures, 'manifest.json'), `${JSON.stringify(await manifestOf(fixtures), null, 1)}\n`);
}
