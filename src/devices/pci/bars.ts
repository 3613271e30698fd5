// Base addresses: where their registers stand, what kind of region each decodes, and the address of a region. QEMU:
// pci_bar(), pci_bar_address(), hw/pci/pci.c.

import { capabilityId } from './capabilities.js';
import { headerType, viewOf } from './space.js';
import { findCapability } from './walk.js';

/** The number of the expansion ROM among the base addresses. */
export const ROM = 6;

/** How many base addresses there are and where the register of the expansion ROM stands, by header type. */
export const baseAddresses = [
  { count: 6, rom: 0x30 },
  { count: 2, rom: 0x38 },
] as const;

/** Offset of a base address; that of the ROM depends on the header. */
export function barOffset(type: number, bar: number): number {
  return bar === ROM ? baseAddresses[type & 1]!.rom : 0x10 + 4 * bar;
}

export interface BarKind {
  readonly io: boolean;
  /** 64 bits: the next register is the upper half. */
  readonly wide: boolean;
  /** The bits of the register that say what it is. */
  readonly bits: number;
}

/** `low`: the register. */
export function barKind(low: number): BarKind {
  const io = (low & 1) === 1;
  return { io, wide: !io && (low & 6) === 4, bits: io ? 0x3 : 0xf };
}

/** A region as a QEMU shows it. */
export interface Region {
  /** ROM for the expansion ROM. */
  readonly bar: number;
  readonly space: 'memory' | 'io';
  /** Bytes. */
  readonly size: bigint;
}

const IO_DECODE = 1;
const MEMORY_DECODE = 2;
const LAST_32 = 0xffff_ffffn;
const LAST_64 = 0xffff_ffff_ffff_ffffn;

/** Where the registers put a region, undefined: nowhere. Several answers where QEMU's releases and machines differ. */
export function regionAddresses(config: Uint8Array, { bar, space, size }: Region): readonly (bigint | undefined)[] {
  const view = viewOf(config);
  if ((view.getUint16(0x04, true) & (space === 'io' ? IO_DECODE : MEMORY_DECODE)) === 0) return [undefined];
  const at = barOffset(headerType(config), bar);
  const low = view.getUint32(at, true);
  if (bar === ROM && (low & 1) === 0) return [undefined];
  const wide = space === 'memory' && bar !== ROM && barKind(low).wide;
  const value = BigInt(low) | (wide ? BigInt(view.getUint32(at + 4, true)) << 32n : 0n);
  const base = value & ~(size - 1n);
  // While its size is being asked for, a register holds ones. Address 0 is an address on a few machines.
  if (base + size - 1n >= (wide ? LAST_64 : LAST_32)) return [undefined];
  if (base === 0n) return [undefined, 0n];
  const address = value & ~(space === 'io' ? 0x3n : bar === ROM ? 0x7ffn : 0xfn);
  // 10.1 and later do not map the regions of a device without power.
  const power = findCapability(view, capabilityId.pm);
  return power !== undefined && (view.getUint16(power.at + 4, true) & 3) !== 0 ? [address, undefined] : [address];
}
