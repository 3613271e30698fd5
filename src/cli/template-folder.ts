// A folder that may be a template.

import { stat } from 'node:fs/promises';
import { NoTemplate } from '../clone/errors.js';
import { readManifest, type Manifest } from '../clone/manifest.js';

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** Undefined: the folder is no template. */
export async function manifestIn(folder: string): Promise<Manifest | undefined> {
  try {
    return await readManifest(folder);
  } catch (error) {
    if (error instanceof NoTemplate) return undefined;
    throw error;
  }
}
