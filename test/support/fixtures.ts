// The captured streams under fixtures/streams: which there are, their bytes, what QEMU said of them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const root = new URL('../../fixtures/streams/', import.meta.url);

/** Folder names, `<qemu version>-<scenario>`. */
export const fixtureNames: readonly string[] = existsSync(root)
  ? readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort()
  : [];

/** The migration stream: `state`, or the main channel of multifd. */
export function fixtureBytes(name: string): Uint8Array {
  const file = ['state.gz', 'chan0.gz'].map((one) => new URL(`${name}/${one}`, root)).find((one) => existsSync(one));
  if (file === undefined) throw new TypeError(`fixture ${name} has no stream`);
  return Uint8Array.from(gunzipSync(readFileSync(file)));
}

/** The captures of a fixture's multifd channels, in order of their ids. */
export function fixtureChannels(name: string): Uint8Array[] {
  const files: Uint8Array[] = [];
  for (let i = 1; ; i += 1) {
    const url = new URL(`${name}/chan${i}.gz`, root);
    if (!existsSync(url)) return files;
    files.push(Uint8Array.from(gunzipSync(readFileSync(url))));
  }
}

/** The memory file of a template. */
export function fixtureMemory(name: string): Uint8Array {
  return Uint8Array.from(gunzipSync(readFileSync(new URL(`${name}/mem0.img.gz`, root))));
}

/** A JSON file beside the stream; undefined when there is none. */
export function fixtureJson<T>(name: string, file: string): T | undefined {
  const url = new URL(`${name}/${file}`, root);
  return existsSync(url) ? (JSON.parse(readFileSync(url, 'utf8')) as T) : undefined;
}

/** `info ramblock` as QEMU prints it: name and used length, in bytes. */
export function ramBlocksOf(text: string): { name: string; used: number }[] {
  return [...text.matchAll(/^ *(\S+) +\d+ \S+ +0x[0-9a-f]+ +0x([0-9a-f]+) +0x[0-9a-f]+/gm)].map((row) => ({
    name: row[1]!,
    used: Number.parseInt(row[2]!, 16),
  }));
}
