// Guest memory by address: physical, or virtual as one CPU sees it.

import { findPhysical, findVirtual, type Search } from '../../memory/find.js';
import { physicalMap, type MapEntry } from '../../memory/layout.js';
import { VIRTUAL_END, type Mapping } from '../../memory/paging/address-space.js';
import { addressSpace } from '../../memory/paging/of-cpu.js';
import { rangeIndex, within } from '../../memory/physical-map.js';
import { PhysicalReader } from '../../memory/physical-reader.js';
import { VirtualReader } from '../../memory/virtual-reader.js';
import { requireBlocks, type Guest } from '../guest/guest.js';

export interface ViewOptions {
  /** Addresses are guest-virtual, by the page tables of this CPU, counted from 0. Default: guest-physical. */
  readonly cpu?: number | undefined;
  readonly map?: readonly MapEntry[] | undefined;
}

export interface MemoryView {
  /** How addresses are known, for people. */
  readonly how: string;
  readonly physical: PhysicalReader;
  /** With `cpu`. */
  readonly virtual: VirtualReader | undefined;
  /** Bytes at `address`. False: some are not there; those are zeros. */
  read(address: bigint, into: Uint8Array): Promise<boolean>;
  /** Addresses between `start` and `end` where `pattern` stands, ascending. */
  find(pattern: Uint8Array, search: Search, start?: bigint, end?: bigint): AsyncGenerator<bigint>;
  /** What stands at `address`, and to where. */
  translate(address: bigint): Promise<Mapping>;
}

/**
 * @throws MigrationStreamError `unsupported`: no layout, no such CPU, page tables that are not read, pages elsewhere.
 *   The methods throw as GuestBlocks.read
 */
export function viewMemory(guest: Guest, { cpu, map }: ViewOptions = {}): MemoryView {
  const { memory, machine, devices } = guest;
  const layout = physicalMap({ machine, devices, blocks: memory.blocks }, map);
  requireBlocks(
    guest,
    layout.ranges.map(({ block }) => block),
  );
  const { ranges } = layout;
  const physical = new PhysicalReader(memory, ranges);
  if (cpu !== undefined) {
    const space = addressSpace(machine, devices, cpu, physical);
    const virtual = new VirtualReader(space, physical);
    return {
      how: `${layout.how}; CPU ${cpu}: ${space.name}`,
      physical,
      virtual,
      read: (address, into) => virtual.read(address, into),
      find: (pattern, search, start = 0n, end = VIRTUAL_END) =>
        findVirtual(memory, ranges, space, { start, end }, pattern, search),
      translate: (address) => space.translate(address),
    };
  }
  const number = (address: bigint): number => Number(address < 1n << 53n ? address : 1n << 53n);
  return {
    how: layout.how,
    physical,
    virtual: undefined,
    read: (address, into) => physical.read(number(address), into),
    find: (pattern, search, start = 0n, end = VIRTUAL_END) =>
      findPhysical(memory, within(ranges, number(start), number(end)), pattern, search),
    async translate(address) {
      const at = number(address);
      const range = ranges[rangeIndex(ranges, at)];
      const inside = range !== undefined && range.start <= at;
      const end = inside ? range.end : (range?.start ?? Number.MAX_SAFE_INTEGER);
      return { physical: inside ? at : undefined, room: BigInt(end - at) };
    },
  };
}
