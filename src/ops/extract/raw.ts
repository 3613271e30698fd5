// Guest memory without a format: the offset in the file is the address, or the offset in one block.

import type { ByteSink } from '../../bytes/source.js';
import type { PhysicalMap } from '../../memory/physical-map.js';
import type { Guest } from '../guest/guest.js';
import { Output } from './copy.js';

/** `map` as a file whose offset 0 is the address `start`. Holes are zeros, which a sparse file does not store. */
export async function writeRaw({ memory }: Guest, map: PhysicalMap, sink: ByteSink, start = 0): Promise<number> {
  const output = new Output(sink);
  for (const range of map.ranges) {
    await output.skip(range.start - start - output.position);
    await output.copy(memory, range.block, range.offset, range.end - range.start);
  }
  return output.position;
}

/** One RAM block, an index into the block list. */
export async function writeBlock({ memory }: Guest, block: number, sink: ByteSink): Promise<number> {
  const output = new Output(sink);
  await output.copy(memory, block, 0, memory.blocks[block]!.usedLength);
  return output.position;
}
