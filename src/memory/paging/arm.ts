// Page tables of AArch64 at EL1 and EL0, stage 1, with granules of 4, 16 and 64 KiB and addresses of at most 48 bits.
// The Arm architecture reference manual, D8; QEMU: get_phys_addr_lpae(), target/arm/ptw.c. The registers stand in the
// stream as a list of numbers and values (cpreg_vmstate_indexes), by the numbers that KVM gives them.

import { MigrationStreamError } from '../../base/errors.js';
import type { Cpu } from '../cpu.js';
import {
  bits,
  gap,
  hole,
  identity,
  mapping,
  VIRTUAL_END,
  type AddressSpace,
  type Mapping,
  type TableReader,
} from './address-space.js';

/** A 64-bit system register as KVM numbers it. Linux: ARM64_SYS_REG, arch/arm64/include/uapi/asm/kvm.h. */
function systemRegister(op0: bigint, op1: bigint, crn: bigint, crm: bigint, op2: bigint): bigint {
  return 0x6030_0000_0013_0000n | (op0 << 14n) | (op1 << 11n) | (crn << 7n) | (crm << 3n) | op2;
}

const SCTLR_EL1 = systemRegister(3n, 0n, 1n, 0n, 0n);
const TTBR0_EL1 = systemRegister(3n, 0n, 2n, 0n, 0n);
const TTBR1_EL1 = systemRegister(3n, 0n, 2n, 0n, 1n);
const TCR_EL1 = systemRegister(3n, 0n, 2n, 0n, 2n);

interface Half {
  readonly root: bigint;
  /** Bits of an address that the tables translate. */
  readonly width: number;
  /** Bits of an address inside of a page. */
  readonly granule: number;
}

const granules0: readonly (number | undefined)[] = [12, 16, 14, undefined];
const granules1: readonly (number | undefined)[] = [undefined, 14, 12, 16];

/** @throws MigrationStreamError `unsupported`: AArch32, or registers that the stream lacks */
export function armSpace(cpu: Cpu, tables: TableReader): AddressSpace {
  if (bits(cpu.get('cpsr'), 4, 4) === 1n)
    throw new MigrationStreamError({ code: 'unsupported', message: 'page tables of AArch32 are not read' });
  const register = (index: bigint): bigint => cpu.indexed('cpreg_vmstate_indexes', 'cpreg_vmstate_values', index);
  if (bits(register(SCTLR_EL1), 0, 0) === 0n)
    return {
      name: 'AArch64 without paging',
      translate: async (address) => identity(address),
    };
  const tcr = register(TCR_EL1);
  const half = (ttbr: bigint, size: bigint, granule: number | undefined, off: boolean): Half | undefined => {
    const width = 64 - Number(size);
    if (granule === undefined || off || width < 25 || width > 48) return undefined;
    return { root: bits(register(ttbr), 47, 1) << 1n, width, granule };
  };
  const low = half(TTBR0_EL1, bits(tcr, 5, 0), granules0[Number(bits(tcr, 15, 14))], bits(tcr, 7, 7) === 1n);
  const high = half(TTBR1_EL1, bits(tcr, 21, 16), granules1[Number(bits(tcr, 31, 30))], bits(tcr, 23, 23) === 1n);
  const size = low ?? high;
  return {
    name: `AArch64, ${size === undefined ? 'no tables' : `${2 ** (size.granule - 10)} KiB pages`}`,
    async translate(address) {
      const upper = bits(address, 55, 55) === 1n;
      const chosen = upper ? high : low;
      // With TBI the top byte is a tag, which is not looked at.
      const tagged = bits(tcr, upper ? 38 : 37, upper ? 38 : 37) === 1n;
      if (chosen === undefined) return gap(address, nextHalf(address));
      const above = bits(address, tagged ? 55 : 63, chosen.width);
      if (above !== (upper ? (1n << BigInt((tagged ? 56 : 64) - chosen.width)) - 1n : 0n))
        return gap(address, nextHalf(address, high?.width));
      return walk(tables, chosen, address);
    },
  };
}

async function walk(tables: TableReader, { root, width, granule }: Half, address: bigint): Promise<Mapping> {
  const step = granule - 3;
  const count = Math.ceil((width - granule) / step);
  let table = root;
  for (let level = count; level > 0; level -= 1) {
    const shift = granule + step * (level - 1);
    const top = Math.min(shift + step, width) - 1;
    // The first table may be smaller than a page, and is aligned to its size.
    const base = level === count ? (table >> BigInt(top - shift + 4)) << BigInt(top - shift + 4) : table;
    const entry = await tables.entry(Number(base + bits(address, top, shift) * 8n), 8);
    if (entry === undefined || (entry & 1n) === 0n) return hole(address, shift);
    const isTable = (entry & 2n) !== 0n;
    const frame = bits(entry, 47, 12) << 12n;
    if (level === 1) return isTable ? mapping(aligned(frame, granule), address, granule) : hole(address, granule);
    // Blocks exist on the two levels above the last with 4 KiB, on the one above with 16 and 64 KiB.
    if (!isTable) {
      if (level > (granule === 12 ? 3 : 2)) return hole(address, shift);
      return mapping(aligned(frame, shift), address, shift);
    }
    table = aligned(frame, granule);
  }
  return hole(address, granule);
}

/** Where the upper half begins, or where addresses end. */
function nextHalf(address: bigint, width = 48): bigint {
  const upper = VIRTUAL_END - (1n << BigInt(width));
  return address < upper ? upper : VIRTUAL_END;
}

function aligned(address: bigint, shift: number): bigint {
  return (address >> BigInt(shift)) << BigInt(shift);
}
