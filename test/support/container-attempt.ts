// Opens hostile bytes as a command does, and reads what lies inside: it comes out, or exactly one typed error does,
// with the places in every container, in bounded work.
import { expect } from 'vitest';
import { errorCodes, MigrationStreamError } from '../../src/base/errors.js';
import { nodeDecompressors } from '../../src/bytes/node/decompressors.js';
import { forwardSource, memorySource } from '../../src/bytes/source.js';
import type { OpenContext } from '../../src/container/container.js';
import { openContainers, withPlaces, type Nest } from '../../src/container/open.js';
import { countingSource } from './sources.js';

export interface Attempt {
  /** What came out before the error. */
  readonly bytes: Buffer;
  /** Undefined: everything was read. */
  readonly error: MigrationStreamError | undefined;
  /** No container and no stream stands there. */
  readonly nothing: boolean;
}

/** No more is taken out of a bomb. */
const MOST = 8 << 20;

async function readAll({ inner }: Nest, parts: Uint8Array[]): Promise<void> {
  for (let at = 0, got; at < MOST; at += got) {
    const part = new Uint8Array(Math.min(30_000, MOST - at));
    got = await inner.read(part, at);
    if (got === 0) return;
    parts.push(part.subarray(0, got));
  }
}

async function attempt(bytes: Uint8Array, context: OpenContext, pipe: boolean): Promise<Attempt> {
  const source = countingSource(memorySource(bytes, 'x'));
  const parts: Uint8Array[] = [];
  let nest: Nest | undefined;
  let error: MigrationStreamError | undefined;
  try {
    nest = await openContainers(pipe ? forwardSource(source) : source, {
      decompressors: nodeDecompressors,
      ...context,
    });
    await readAll(nest, parts);
  } catch (thrown) {
    if (!(thrown instanceof MigrationStreamError)) throw thrown;
    error = nest === undefined ? thrown : withPlaces(thrown, nest.layers);
    expect(errorCodes).toContain(error.code);
    expect(error.offset, error.message).toBeGreaterThanOrEqual(0);
    if (nest !== undefined) expect(error.outer ?? []).toHaveLength(nest.layers.length);
    for (const { offset } of error.outer ?? []) expect(offset, error.message).toBeLessThanOrEqual(bytes.length);
  } finally {
    await nest?.inner.close();
  }
  expect(source.closed).toBeGreaterThan(0);
  expect(source.reads.length).toBeLessThan(400);
  expect(source.reads.reduce((sum, { got }) => sum + got, 0)).toBeLessThanOrEqual(3 * bytes.length + 65_536);
  return { bytes: Buffer.concat(parts), error, nothing: nest !== undefined && nest.found.kind !== 'migration-stream' };
}

/** From a file and from a pipe, which must end alike. */
export async function attempted(bytes: Uint8Array, context: OpenContext = {}): Promise<Attempt> {
  const file = await attempt(bytes, context, false);
  const pipe = await attempt(bytes, context, true);
  expect(pipe.error?.code).toBe(file.error?.code);
  // How much comes before an error depends on how the compressed bytes came.
  if (file.error === undefined) expect(pipe.bytes.length).toBe(file.bytes.length);
  return file;
}
