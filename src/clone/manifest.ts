// DIR/manifest.json: everything needed to check and clone a template without asking the user. The shape is published as
// docs/schema/manifest.json.

import { Refused } from '../base/refused.js';
import { createReadStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Inspection } from '../ops/inspect.js';

export interface ManifestFile {
  /** Relative to the template's folder, or absolute where the user chose the path. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

export interface ManifestBlock {
  readonly idstr: string;
  readonly usedLength: number;
  /** 0x…; the region's address in its container. */
  readonly gpa?: string;
  readonly ignored: boolean | null;
}

export interface Manifest {
  readonly schemaVersion: 1;
  readonly kind: 'mstream-template';
  /** ISO 8601. */
  readonly created: string;
  readonly qemu: {
    readonly version: string;
    readonly package: string;
    readonly executable: string;
    readonly sha256: string;
  };
  /** The machine type's full name, as in the stream. */
  readonly machine: string | null;
  /** QEMU's arguments without the executable; `<DIR>` is the template's folder, `{n}` the number of a clone. */
  readonly argv: readonly string[];
  readonly capabilities: readonly string[];
  /**
   * Facts that no stream contains: the CPU model as given to -cpu, the enabled properties of the first CPU, the
   * accelerator.
   */
  readonly cpu: { readonly model: string | null; readonly features: readonly string[]; readonly accelerator: string };
  readonly dialect: string | null;
  readonly blocks: readonly ManifestBlock[];
  readonly state: ManifestFile;
  /** Keys are backend ids. */
  readonly memory: Readonly<Record<string, ManifestFile>>;
}

export const MANIFEST = 'manifest.json';
export const STATE = 'state';

export async function hashFile(path: string): Promise<string> {
  // Loaded here on demand: cloning hashes nothing, and loading crypto takes milliseconds.
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest('hex');
}

export async function describeFile(folder: string, path: string): Promise<ManifestFile> {
  const file = join(folder, path);
  const { size } = await stat(file);
  return { path, size, sha256: await hashFile(file) };
}

export function manifestBlocks(inspection: Inspection): ManifestBlock[] {
  return inspection.blocks.map((block) => ({
    idstr: block.idstr,
    usedLength: block.usedLength,
    ...(block.gpa === undefined ? {} : { gpa: `0x${block.gpa.toString(16)}` }),
    ignored: block.ignored ?? null,
  }));
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
}

/** The path of a file of the manifest. */
export function templatePath(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

function noTemplate(folder: string, why: string): Refused {
  return new Refused('no-template', `${folder} is no template: ${why}`, { code: 'make-template' });
}

/** @throws Refused code `no-template` */
export async function readManifest(folder: string): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(join(folder, MANIFEST), 'utf8');
  } catch (error) {
    throw noTemplate(
      folder,
      `no ${MANIFEST} (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`,
    );
  }
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    throw noTemplate(folder, `${MANIFEST} is not JSON`);
  }
  if (!isManifest(manifest)) throw noTemplate(folder, `${MANIFEST} is not one of mstream's`);
  return manifest;
}

/** Checks the members that this package uses: the file may have been edited. */
function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { schemaVersion, kind, argv, state, memory, capabilities } = value as Partial<Manifest>;
  const isFile = (file: unknown): boolean =>
    typeof file === 'object' && file !== null && typeof (file as ManifestFile).path === 'string';
  return (
    schemaVersion === 1 &&
    kind === 'mstream-template' &&
    Array.isArray(argv) &&
    argv.every((word) => typeof word === 'string') &&
    Array.isArray(capabilities) &&
    isFile(state) &&
    typeof memory === 'object' &&
    memory !== null &&
    Object.values(memory).every(isFile)
  );
}
