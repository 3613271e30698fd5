// What the file system says of a memory file: there, how large, how new, all zero, the hash that a manifest expects.
// Files are only ever read.

import { open, stat } from 'node:fs/promises';
import { hashFile } from '../../clone/manifest.js';
import type { MemoryFacts } from '../../ops/verify/memory.js';

export interface MemoryFile {
  readonly block: string;
  readonly path: string;
  /** As the user, or the manifest, named it. */
  readonly label: string;
  /** What the manifest says of its content. */
  readonly sha256?: string | undefined;
}

/**
 * `stateTime`: when the state was written, in milliseconds since 1970; undefined for a pipe. Never throws for the
 * file's sake.
 */
export async function memoryFacts(file: MemoryFile, stateTime: number | undefined): Promise<MemoryFacts> {
  const facts = { block: file.block, label: file.label };
  try {
    const there = await stat(file.path);
    if (!there.isFile()) return { ...facts, problem: { kind: 'unreadable', message: 'is no ordinary file' } };
    const zero = await zeroes(file.path, there.size);
    const newer = stateTime === undefined ? {} : { newerBy: there.mtimeMs - stateTime };
    // A hash reads the file a second time: only where there is one to compare with.
    const sha256 =
      file.sha256 === undefined || zero !== undefined
        ? {}
        : { sha256: { found: await hashFile(file.path), expected: file.sha256 } };
    return { ...facts, size: there.size, zero, ...newer, ...sha256 };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return { ...facts, problem: { kind: 'missing', message: 'is not there' } };
    if (code !== '') return { ...facts, problem: { kind: 'unreadable', message: `cannot be read (${code})` } };
    throw error;
  }
}

const STEP = 1 << 20;

/** `sparse`: not one block of the file system stands behind it. Most files are told in their first MiB. */
async function zeroes(path: string, size: number): Promise<'sparse' | 'zeros' | undefined> {
  const handle = await open(path, 'r');
  try {
    const { blocks } = await handle.stat();
    if (size > 0 && blocks === 0) return 'sparse';
    const buffer = Buffer.alloc(STEP);
    const none = Buffer.alloc(STEP);
    for (let at = 0; at < size;) {
      const { bytesRead } = await handle.read(buffer, 0, STEP, at);
      if (bytesRead === 0) break;
      if (!buffer.subarray(0, bytesRead).equals(none.subarray(0, bytesRead))) return undefined;
      at += bytesRead;
    }
    return size === 0 ? undefined : 'zeros';
  } finally {
    await handle.close();
  }
}
