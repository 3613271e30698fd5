// Reads of guest-virtual memory by address, page by page through the tables of a CPU.

import { VIRTUAL_END, type AddressSpace } from './paging/address-space.js';
import type { PhysicalReader } from './physical-reader.js';

export class VirtualReader {
  readonly space: AddressSpace;
  private readonly memory: PhysicalReader;

  constructor(space: AddressSpace, memory: PhysicalReader) {
    this.space = space;
    this.memory = memory;
  }

  /**
   * Bytes at `address` into `into`. False: some of them are not mapped, or are no memory; those are zeros.
   * @throws MigrationStreamError as GuestBlocks.read
   */
  async read(address: bigint, into: Uint8Array): Promise<boolean> {
    let whole = true;
    for (let done = 0; done < into.length;) {
      const at = address + BigInt(done);
      const { physical, room } =
        at < VIRTUAL_END ? await this.space.translate(at) : { physical: undefined, room: 4096n };
      const left = into.length - done;
      const part = into.subarray(done, done + (room < left ? Number(room) : left));
      if (physical === undefined) part.fill(0);
      if (physical === undefined || !(await this.memory.read(physical, part))) whole = false;
      done += part.length;
    }
    return whole;
  }
}
