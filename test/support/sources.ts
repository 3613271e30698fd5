// Byte sources for tests: one that hands out what it likes at a time, one that counts, one that fails at a chosen read,
// one whose bytes are computed and stored nowhere.
import type { ByteSource } from '../../src/bytes/source.js';

/**
 * A pipe: forward only, size unknown, and every read gives as many bytes as the next of `steps` says (round and round).
 */
export function chunkedSource(bytes: Uint8Array, steps: readonly number[]): ByteSource {
  let position = 0;
  let turn = 0;
  return {
    label: 'chunked',
    size: undefined,
    seekable: false,
    async read(into, at) {
      if (at !== position) throw new TypeError(`a pipe was read at ${at}, it stands at ${position}`);
      const step = Math.max(1, steps[turn++ % steps.length] ?? 1);
      const part = bytes.subarray(at, at + Math.min(step, into.length));
      into.set(part);
      position += part.length;
      return part.length;
    },
    async close() {},
  };
}

export interface Counting extends ByteSource {
  /** Every read: where, how much was asked, how much came. */
  readonly reads: { readonly at: number; readonly asked: number; readonly got: number }[];
  closed: number;
}

export function countingSource(outer: ByteSource): Counting {
  const reads: Counting['reads'] = [];
  return {
    label: outer.label,
    size: outer.size,
    seekable: outer.seekable,
    reads,
    closed: 0,
    async read(into, at) {
      const got = await outer.read(into, at);
      reads.push({ at, asked: into.length, got });
      return got;
    },
    async close() {
      this.closed += 1;
      await outer.close();
    },
  };
}

/** Read number `failAt` (from 0) and all later ones reject with `error`. */
export function faultySource(
  outer: ByteSource,
  failAt: number,
  error: unknown = new Error('the disk is on fire'),
): Counting {
  const source = countingSource(outer);
  const { read } = source;
  let turn = 0;
  return Object.assign(source, {
    async read(into: Uint8Array, at: number): Promise<number> {
      if (turn++ >= failAt) throw error;
      return read(into, at);
    },
  });
}

/** `size` bytes that `fill` computes on demand: it puts what stands at `at` into `into`, which holds rubbish. */
export function syntheticSource(
  size: number,
  fill: (into: Uint8Array, at: number) => void,
  label = 'synthetic',
): ByteSource {
  return {
    label,
    size,
    seekable: true,
    async read(into, at) {
      const got = Math.max(0, Math.min(into.length, size - at));
      if (got > 0) fill(into.subarray(0, got), at);
      return got;
    },
    async close() {},
  };
}
