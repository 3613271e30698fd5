// Guest-virtual addresses: what a CPU's page tables say.

import { PhysicalReader } from '../physical-reader.js';

/** What an address space has at an address: a page, or a hole. */
export interface Mapping {
  /** The guest-physical address of the wanted byte; undefined: not mapped. */
  readonly physical: number | undefined;
  /** Bytes from there to the end of the page or the hole, as far as one entry tells. */
  readonly room: bigint;
}

export const VIRTUAL_END = 1n << 64n;

export interface AddressSpace {
  /** For people: `x86-64, 4 levels`. */
  readonly name: string;
  /** `address` is below 2^64. @throws MigrationStreamError as GuestBlocks.read */
  translate(address: bigint): Promise<Mapping>;
}

const TABLE = 4096;
/** Pages of tables that are kept: 1 MiB. */
const KEPT = 256;

/** Reads entries of page tables, a page of them at a time. */
export class TableReader {
  private readonly memory: PhysicalReader;
  private readonly pages = new Map<number, DataView | undefined>();

  constructor(memory: PhysicalReader) {
    this.memory = memory;
  }

  /** An entry of 4 or 8 bytes, little-endian; undefined: no memory is there. */
  async entry(address: number, size: 4 | 8): Promise<bigint | undefined> {
    const start = address - (address % TABLE);
    let page = this.pages.get(start);
    if (page === undefined && !this.pages.has(start)) {
      const bytes = new Uint8Array(TABLE);
      page = (await this.memory.read(start, bytes)) ? new DataView(bytes.buffer) : undefined;
      if (this.pages.size >= KEPT) this.pages.clear();
      this.pages.set(start, page);
    }
    const at = address - start;
    return size === 8 ? page?.getBigUint64(at, true) : page && BigInt(page.getUint32(at, true));
  }
}

/** Bits `low` to `high` of a number, moved to bit 0. */
export function bits(value: bigint, high: number, low: number): bigint {
  return (value >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n);
}

/** The mapping of `address` in a page of 2^`shift` bytes at `base`. */
export function mapping(base: bigint, address: bigint, shift: number): Mapping {
  const offset = BigInt.asUintN(shift, address);
  return { physical: Number(base + offset), room: (1n << BigInt(shift)) - offset };
}

/** Nothing at `address`, nor in the 2^`shift` bytes around it. */
export function hole(address: bigint, shift: number): Mapping {
  return { physical: undefined, room: (1n << BigInt(shift)) - BigInt.asUintN(shift, address) };
}

/** Nothing from `address` to `end`. */
export function gap(address: bigint, end: bigint = VIRTUAL_END): Mapping {
  return { physical: undefined, room: end - address };
}

/**
 * Are the bits above `width` copies of the highest bit below? Else the hole up to the next address of which they are.
 */
export function notCanonical(address: bigint, width: number): Mapping | undefined {
  if (BigInt.asUintN(64, BigInt.asIntN(width, address)) === address) return undefined;
  return gap(address, VIRTUAL_END - (1n << BigInt(width - 1)));
}

/** Without paging: the address itself, a page at a time. */
export function identity(address: bigint): Mapping {
  return address < 1n << 52n ? { ...mapping(address, 0n, 12), room: 4096n - (address & 4095n) } : gap(address);
}
