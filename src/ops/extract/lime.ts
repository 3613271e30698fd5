// LiME, version 1: a header of 32 bytes in front of each range. Little-endian. From the LiME documentation; the reader
// of volatility3 (framework/layers/lime.py) wants ascending ranges.

import type { ByteSink } from '../../bytes/source.js';
import type { PhysicalMap } from '../../memory/physical-map.js';
import type { Guest } from '../guest/guest.js';
import { Output } from './copy.js';

const MAGIC = 0x4c69_4d45;
const VERSION = 1;

export async function writeLime({ memory }: Guest, map: PhysicalMap, sink: ByteSink): Promise<number> {
  const output = new Output(sink);
  for (const { start, end, block, offset } of map.ranges) {
    const header = new DataView(new ArrayBuffer(32));
    header.setUint32(0, MAGIC, true);
    header.setUint32(4, VERSION, true);
    header.setBigUint64(8, BigInt(start), true);
    // The last address, not the one behind it.
    header.setBigUint64(16, BigInt(end - 1), true);
    await output.write(new Uint8Array(header.buffer));
    await output.copy(memory, block, offset, end - start);
  }
  return output.position;
}
