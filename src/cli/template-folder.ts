// A folder that may be a template.

import { Refused } from '../base/refused.js';
import { stat } from 'node:fs/promises';
import { readManifest, type Manifest } from '../clone/manifest.js';

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** Undefined: the folder is no template. */
export async function manifestIn(folder: string): Promise<Manifest | undefined> {
  try {
    return await readManifest(folder);
  } catch (error) {
    if (error instanceof Refused && error.code === 'no-template') return undefined;
    throw error;
  }
}
