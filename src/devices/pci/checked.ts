// Which bits of a configuration space QEMU compares on load, and which of them the guest may have changed: told from
// the space and, where it is known, the size of each base address. QEMU: pci_init_cmask(), pci_init_wmask(),
// pci_init_w1cmask(), pci_init_mask_bridge(), pci_register_bar(), pci_add_capability(), hw/pci/pci.c; msi.c, msix.c,
// pcie.c beside it; hw/virtio/virtio-pci.c.

import { barKind, barOffset, baseAddresses, ROM } from './bars.js';
import { capabilityId } from './capabilities.js';
import { headerType, HEADER_SIZE, viewOf, type Register } from './space.js';
import { capabilitiesOf, type Capability } from './walk.js';

/** Masks for each byte. */
export interface ConfigMasks {
  /** Compared. */
  readonly cmask: Uint8Array;
  /** Written by the guest, so not compared after all. */
  readonly wmask: Uint8Array;
  /** Cleared by the guest, so not compared after all. */
  readonly w1cmask: Uint8Array;
  /** Bytes whose masks are a guess. */
  readonly unsure: ReadonlySet<number>;
}

interface Masks extends ConfigMasks {
  readonly unsure: Set<number>;
}

/**
 * Size in bytes of each base address by its number, ROM for the expansion ROM; undefined: nobody asked the destination.
 */
export type BarSizes = ReadonlyMap<number, number> | undefined;

/**
 * `space`: a whole configuration space. `presenceCompared`: this QEMU compares whether a card is in a slot (7.2 does,
 * 10.0 does not).
 */
export function checkedBits(space: Uint8Array, bars: BarSizes, presenceCompared: boolean): ConfigMasks {
  const bytes = (): Uint8Array => new Uint8Array(space.length);
  const masks: Masks = { cmask: bytes(), wmask: bytes(), w1cmask: bytes(), unsure: new Set() };
  const { cmask, wmask, w1cmask } = masks;
  cmask.fill(0xff, 0x00, 0x04);
  cmask[0x06] = 0x10;
  cmask.fill(0xff, 0x08, 0x0c);
  cmask[0x0e] = 0xff;
  cmask[0x34] = 0xff;
  wmask[0x04] = 0x07;
  wmask[0x05] = 0x05;
  w1cmask[0x07] = 0xf9;
  wmask[0x0c] = 0xff;
  wmask[0x3c] = 0xff;
  wmask.fill(0xff, HEADER_SIZE);
  const type = headerType(space) === 1 ? 1 : 0;
  if (type === 1) bridgeRegisters(masks);
  for (let bar = 0; bar < baseAddresses[type].count; bar += 1) {
    const width = setBar(space, masks, type, bar, bars);
    if (width === 8) bar += 1;
  }
  setBar(space, masks, type, ROM, bars);
  for (const capability of capabilitiesOf(viewOf(space)))
    if (!capability.extended) setCapability(space, masks, capability, presenceCompared);
  return masks;
}

function bridgeRegisters({ cmask, wmask }: Masks): void {
  wmask.fill(0xff, 0x18, 0x1c);
  for (const at of [0x1c, 0x1d]) {
    wmask[at] = 0xf0;
    cmask[at] = 0x0f;
  }
  for (const at of [0x20, 0x22, 0x24, 0x26]) {
    wmask[at] = 0xf0;
    wmask[at + 1] = 0xff;
  }
  cmask[0x24] = cmask[0x26] = 0x0f;
  wmask.fill(0xff, 0x28, 0x30);
  wmask[0x3e] = 0x7f;
  wmask[0x3f] = 0x0b;
}

/** Returns how many bytes the registers of this base address take. */
function setBar(space: Uint8Array, masks: Masks, type: number, bar: number, bars: BarSizes): 4 | 8 {
  const at = barOffset(type, bar);
  const size = bars?.get(bar);
  const rom = bar === ROM;
  const low = space[at]!;
  const { io, wide } = barKind(low);
  const width = !rom && wide ? 8 : 4;
  if (bars !== undefined && size === undefined) return 4;
  // A memory region of 32 bits that is not mapped looks like none.
  if (size === undefined && (rom || (low & 0x0f) === 0)) return width;
  masks.cmask.fill(0xff, at, at + width);
  const bits = ~(BigInt(size ?? (io ? 4 : 16)) - 1n) | (rom ? 1n : 0n);
  for (let i = 0; i < width; i += 1) {
    masks.wmask[at + i] = Number((bits >> BigInt(8 * i)) & 0xffn);
    if (size === undefined) masks.unsure.add(at + i);
  }
  return width;
}

/** A capability is compared whole, but for what the guest writes. */
function setCapability(space: Uint8Array, masks: Masks, capability: Capability, presenceCompared: boolean): void {
  const { cmask, wmask, unsure } = masks;
  const { at, id, size, software } = capability;
  cmask.fill(0xff, at, at + size);
  wmask.fill(0, at, at + size);
  switch (id) {
    case capabilityId.pm:
      wmask[at + 4] = 0x03;
      unsure.add(at + 4).add(at + 5);
      return;
    case capabilityId.msi:
      writable(wmask, at, software);
      msi(space, wmask, at, size);
      return;
    case capabilityId.express:
      express(space, masks, at, presenceCompared);
      for (let i = 0; i < size; i += 1) unsure.add(at + i);
      return;
    default:
      writable(wmask, at, software);
      // An unknown capability, whose length nobody knows.
      if (size === 2) unsure.add(at);
  }
}

function writable(wmask: Uint8Array, at: number, software: readonly Register[]): void {
  for (const [offset, size, mask] of software)
    for (let i = 0; i < size; i += 1) wmask[at + offset + i] = (mask >>> (8 * i)) & 0xff;
}

/** The address is a multiple of 4; a mask bit for each vector; nobody writes what is pending. */
function msi(space: Uint8Array, wmask: Uint8Array, at: number, size: number): void {
  wmask[at + 4] = 0xfc;
  // 10 or 14 bytes without masks, 20 or 24 with them.
  if (size < 20) return;
  const bits = 2 ** (2 ** ((space[at + 2]! >> 1) & 7)) - 1;
  writable(wmask, at + size - 8, [
    [0, 4, Math.min(bits, 0xffff_ffff)],
    [4, 4, 0],
  ]);
}

/**
 * What pcie_cap_init(), pcie_cap_deverr_init(), pcie_cap_lnkctl_init() and pcie_cap_flr_init() leave to the guest, and
 * for slots pcie_cap_slot_init() and pcie_cap_root_init().
 */
function express(space: Uint8Array, { cmask, wmask, w1cmask }: Masks, at: number, presenceCompared: boolean): void {
  cmask.fill(0, at + 0x12, at + 0x14);
  wmask[at + 0x08] = 0x0f;
  wmask[at + 0x09] = 0x80;
  w1cmask[at + 0x0a] = 0x0f;
  wmask[at + 0x10] = 0xc0;
  wmask[at + 0x29] = 0x80;
  // PCI_EXP_FLAGS_SLOT.
  if ((space[at + 3]! & 0x01) === 0) return;
  const powered = (space[at + 0x14]! & 0x02) !== 0;
  wmask[at + 0x18] = 0xf9;
  wmask[at + 0x19] = powered ? 0x0f : 0x0b;
  w1cmask[at + 0x1a] = 0x19;
  wmask[at + 0x1c] = 0x07;
  if (!presenceCompared) cmask[at + 0x1a] = 0xbf;
}
