// Guest memory as a ByteSource, for anything that reads files.

import type { ByteSource } from '../bytes/source.js';
import type { PhysicalReader } from './physical-reader.js';
import type { VirtualReader } from './virtual-reader.js';

/** Guest-physical memory: the offset is the address, holes are zeros. Closing it closes nothing. */
export function physicalSource(reader: PhysicalReader): ByteSource {
  return source('guest memory', reader.ranges.at(-1)?.end ?? 0, (at, into) => reader.read(at, into));
}

/** `length` bytes of guest-virtual memory from `base` on; what is not mapped is zeros. Closing it closes nothing. */
export function virtualSource(reader: VirtualReader, base: bigint, length: number): ByteSource {
  return source('guest-virtual memory', length, (at, into) => reader.read(base + BigInt(at), into));
}

function source(label: string, size: number, read: (at: number, into: Uint8Array) => Promise<boolean>): ByteSource {
  // Page buffers are shared, so reads follow each other.
  let last: Promise<unknown> = Promise.resolve();
  return {
    label,
    size,
    seekable: true,
    async read(into, at) {
      const part = into.subarray(0, Math.max(0, Math.min(into.length, size - at)));
      const turn = last.then(() => read(at, part));
      last = turn.catch(() => {});
      await turn;
      return part.length;
    },
    async close() {},
  };
}
