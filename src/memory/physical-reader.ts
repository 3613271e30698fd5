// Reads of guest-physical memory by address.

import type { GuestBlocks } from './guest-blocks.js';
import { rangeIndex, type PhysicalRange } from './physical-map.js';

export class PhysicalReader {
  readonly memory: GuestBlocks;
  readonly ranges: readonly PhysicalRange[];

  constructor(memory: GuestBlocks, ranges: readonly PhysicalRange[]) {
    this.memory = memory;
    this.ranges = ranges;
  }

  /**
   * Bytes at `address` into `into`. False: some of them are not memory; those are zeros.
   * @throws MigrationStreamError as GuestBlocks.read
   */
  async read(address: number, into: Uint8Array): Promise<boolean> {
    let whole = true;
    for (let done = 0; done < into.length;) {
      const at = address + done;
      const range = this.ranges[rangeIndex(this.ranges, at)];
      const gap =
        range === undefined ? into.length - done : Math.max(0, Math.min(range.start - at, into.length - done));
      if (gap > 0 || range === undefined) {
        into.fill(0, done, done + gap);
        whole = false;
        done += gap;
        continue;
      }
      const part = into.subarray(done, done + Math.min(into.length - done, range.end - at));
      await this.memory.read(range.block, range.offset + at - range.start, part);
      done += part.length;
    }
    return whole;
  }

  /** The end of the memory from `address` on that is there without a gap; `address` itself: nothing is there. */
  extent(address: number): number {
    let end = address;
    for (let i = rangeIndex(this.ranges, address); i < this.ranges.length && this.ranges[i]!.start <= end; i += 1)
      end = this.ranges[i]!.end;
    return end;
  }
}
