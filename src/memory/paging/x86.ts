// Page tables of x86: none, 32 bits with and without large pages, PAE, four and five levels. Intel's manual, volume 3,
// chapter 4; QEMU: x86_cpu_get_phys_page_attrs_debug(), target/i386/helper.c.

import type { Cpu } from '../cpu.js';
import {
  bits,
  gap,
  hole,
  identity,
  mapping,
  notCanonical,
  type AddressSpace,
  type Mapping,
  type TableReader,
} from './address-space.js';

const PRESENT = 1n;
const LARGE = 1n << 7n;
/** Behind the addresses of the 32-bit modes. */
const LIMIT = 1n << 32n;
/** Bits 12 to 51 of an entry. */
const FRAME = 0x000f_ffff_ffff_f000n;

export function x86Space(cpu: Cpu, tables: TableReader): AddressSpace {
  const [cr0, cr3, cr4] = [0, 3, 4].map((i) => cpu.get(`env.cr[${i}]`)) as [bigint, bigint, bigint];
  const on = (value: bigint, bit: number): boolean => bits(value, bit, bit) === 1n;
  // A20 is masked where a PC of old did not have it.
  const a20 = BigInt.asUintN(52, cpu.maybe('env.a20_mask') ?? -1n);
  const entry = async (address: bigint, size: 4 | 8): Promise<bigint | undefined> => {
    const found = await tables.entry(Number(address & a20), size);
    return found !== undefined && (found & PRESENT) !== 0n ? found : undefined;
  };
  if (!on(cr0, 31))
    return {
      name: 'x86 without paging',
      translate: async (address) => (address >= LIMIT ? gap(address) : identity(address & a20)),
    };
  if (!on(cr4, 5)) return twoLevels(entry, cr3, on(cr4, 4));
  const long = on(cpu.get('env.efer'), 10);
  if (!long) return pae(entry, cr3);
  return levels(entry, cr3 & FRAME, on(cr4, 12) ? 5 : 4);
}

type Entry = (address: bigint, size: 4 | 8) => Promise<bigint | undefined>;

function twoLevels(entry: Entry, cr3: bigint, largePages: boolean): AddressSpace {
  return {
    name: `x86, 2 levels${largePages ? ', 4 MiB pages' : ''}`,
    async translate(address) {
      if (address >= LIMIT) return gap(address);
      const directory = await entry((cr3 & 0xffff_f000n) + bits(address, 31, 22) * 4n, 4);
      if (directory === undefined) return hole(address, 22);
      // PSE-36: bits 13 to 20 are bits 32 to 39 of the address.
      if (largePages && (directory & LARGE) !== 0n)
        return mapping((directory & 0xffc0_0000n) | (bits(directory, 20, 13) << 32n), address, 22);
      const page = await entry((directory & 0xffff_f000n) + bits(address, 21, 12) * 4n, 4);
      return page === undefined ? hole(address, 12) : mapping(page & 0xffff_f000n, address, 12);
    },
  };
}

function pae(entry: Entry, cr3: bigint): AddressSpace {
  return {
    name: 'x86, PAE',
    async translate(address) {
      if (address >= LIMIT) return gap(address);
      const top = await entry((cr3 & 0xffff_ffe0n) + bits(address, 31, 30) * 8n, 8);
      return top === undefined ? hole(address, 30) : below(entry, top & FRAME, 2, address);
    },
  };
}

function levels(entry: Entry, root: bigint, count: 4 | 5): AddressSpace {
  const width = count === 5 ? 57 : 48;
  return {
    name: `x86-64, ${count} levels`,
    async translate(address) {
      return notCanonical(address, width) ?? below(entry, root, count, address);
    },
  };
}

/** The walk from a table of level `level`, 1 being the last: never more steps than levels, whatever tables point to. */
async function below(entry: Entry, table: bigint, level: number, address: bigint): Promise<Mapping> {
  for (; level > 0; level -= 1) {
    const shift = 12 + 9 * (level - 1);
    const found = await entry(table + bits(address, shift + 8, shift) * 8n, 8);
    if (found === undefined) return hole(address, shift);
    const leaf = level === 1 || (level <= 3 && (found & LARGE) !== 0n);
    if (leaf) return mapping(((found & FRAME) >> BigInt(shift)) << BigInt(shift), address, shift);
    table = found & FRAME;
  }
  return hole(address, 12);
}
