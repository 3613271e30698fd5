// Which bits of a configuration space QEMU compares on load, and which of them the guest may write: told from the space itself and,
// where it is known, the size of each BAR. QEMU: pci_init_cmask(), pci_init_wmask(), pci_init_w1cmask(), pci_init_mask_bridge(),
// pci_register_bar(), pci_add_capability(), hw/pci/pci.c; msi.c, msix.c, pcie.c beside it; hw/virtio/virtio-pci.c. Imports nothing.

/** Three masks for each byte. */
export interface ConfigMasks {
  /** Compared. */
  readonly cmask: Uint8Array;
  /** Written by the guest, so not compared after all. */
  readonly wmask: Uint8Array;
  /** Cleared by writing ones. */
  readonly w1cmask: Uint8Array;
  /** Bytes whose masks are a guess. */
  readonly unsure: ReadonlySet<number>;
}

/** Size in bytes of each BAR by its number, 6 for the ROM; undefined: nobody asked the destination. */
export type BarSizes = ReadonlyMap<number, number> | undefined;

const CAPABILITY_LIST = 0x34;
const ROM = 6;

/** `version`: of QEMU, 5.2.0 is 50200. */
export function checkedBits(space: Uint8Array, bars: BarSizes, version: number): ConfigMasks {
  const size = space.length;
  const unsure = new Set<number>();
  const masks = { cmask: new Uint8Array(size), wmask: new Uint8Array(size), w1cmask: new Uint8Array(size), unsure };
  const { cmask, wmask, w1cmask } = masks;
  cmask.fill(0xff, 0x00, 0x04);
  cmask[0x06] = 0x10;
  cmask.fill(0xff, 0x08, 0x0c);
  cmask[0x0e] = 0xff;
  cmask[CAPABILITY_LIST] = 0xff;
  wmask[0x0c] = 0xff;
  wmask[0x3c] = 0xff;
  wmask[0x04] = 0x07;
  wmask[0x05] = 0x05;
  wmask.fill(0xff, 0x40);
  w1cmask[0x07] = 0xf9;
  const bridge = (space[0x0e]! & 0x7f) === 1;
  if (bridge) bridgeRegisters(masks);
  for (let bar = 0; bar < (bridge ? 2 : 6); bar += 1) {
    const at = 0x10 + 4 * bar;
    const width = setBar(space, masks, at, bars?.get(bar), bars !== undefined, false);
    if (width === 8) bar += 1;
  }
  setBar(space, masks, bridge ? 0x38 : 0x30, bars?.get(ROM), bars !== undefined, true);
  capabilities(space, masks, version);
  return masks;
}

function bridgeRegisters({ cmask, wmask }: ConfigMasks): void {
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

/** Answers 8 when it takes two registers. */
function setBar(
  space: Uint8Array,
  { cmask, wmask, unsure }: ConfigMasks & { readonly unsure: Set<number> },
  at: number,
  size: number | undefined,
  asked: boolean,
  rom: boolean,
): number {
  const low = space[at]!;
  const io = !rom && (low & 1) === 1;
  const wide = !rom && !io && (low & 6) === 4 ? 8 : 4;
  if (asked && size === undefined) return 4;
  // A memory BAR of 32 bits that is not mapped looks like none.
  if (size === undefined && (rom || (low & 0x0f) === 0)) return wide;
  cmask.fill(0xff, at, at + wide);
  const bits = ~(BigInt(size ?? (io ? 4 : 16)) - 1n) | (rom ? 1n : 0n);
  for (let i = 0; i < wide; i += 1) {
    wmask[at + i] = Number((bits >> BigInt(8 * i)) & 0xffn);
    if (size === undefined) unsure.add(at + i);
  }
  return wide;
}

function capabilities(space: Uint8Array, masks: ConfigMasks & { readonly unsure: Set<number> }, version: number): void {
  if ((space[0x06]! & 0x10) === 0) return;
  let at = space[CAPABILITY_LIST]!;
  for (let steps = 0; at >= 0x40 && at + 2 <= 0x100 && steps < 48; steps += 1) {
    capability(space, masks, at, version);
    at = space[at + 1]! & 0xfc;
  }
}

function capability(
  space: Uint8Array,
  { cmask, wmask, w1cmask, unsure }: ConfigMasks & { readonly unsure: Set<number> },
  at: number,
  version: number,
): void {
  const id = space[at]!;
  const own = (size: number): void => {
    cmask.fill(0xff, at, at + size);
    wmask.fill(0, at, at + size);
  };
  switch (id) {
    case 0x01:
      own(8);
      wmask[at + 4] = 0x03;
      unsure.add(at + 4);
      unsure.add(at + 5);
      return;
    case 0x05:
      msi(space, { cmask, wmask }, at);
      return;
    case 0x09:
      own(space[at + 2]! < 3 ? 3 : space[at + 2]!);
      // virtio's window into its own BARs (VIRTIO_PCI_CAP_PCI_CFG).
      if (space[at + 3] === 5 && space[at + 2] === 20) {
        wmask[at + 4] = 0xff;
        wmask.fill(0xff, at + 8, at + 20);
      }
      return;
    case 0x10:
      own(0x3c);
      express({ wmask, w1cmask, cmask }, at);
      // PCI_EXP_FLAGS_SLOT.
      if ((space[at + 3]! & 0x01) !== 0) slot(space, { wmask, w1cmask, cmask }, at, version);
      for (let i = 0; i < 0x3c; i += 1) unsure.add(at + i);
      return;
    case 0x11:
      own(12);
      wmask[at + 3] = 0xc0;
      return;
    default:
      own(2);
      unsure.add(at);
  }
}

function msi(space: Uint8Array, { cmask, wmask }: Pick<ConfigMasks, 'cmask' | 'wmask'>, at: number): void {
  const flags = space[at + 2]! | (space[at + 3]! << 8);
  const wide = (flags & 0x80) !== 0;
  const maskable = (flags & 0x100) !== 0;
  const size = (wide ? 14 : 10) + (maskable ? 10 : 0);
  cmask.fill(0xff, at, at + size);
  wmask.fill(0, at, at + size);
  wmask[at + 2] = 0x71;
  wmask[at + 4] = 0xfc;
  wmask.fill(0xff, at + 5, at + 8);
  if (wide) wmask.fill(0xff, at + 8, at + 12);
  const data = at + (wide ? 12 : 8);
  wmask.fill(0xff, data, data + 2);
  if (!maskable) return;
  const vectors = 2 ** ((flags >> 1) & 7);
  const bits = vectors === 32 ? 0xffff_ffff : 2 ** vectors - 1;
  for (let i = 0; i < 4; i += 1) wmask[data + 4 + i] = (bits >>> (8 * i)) & 0xff;
}

/** What pcie_cap_init(), pcie_cap_deverr_init(), pcie_cap_lnkctl_init() and pcie_cap_flr_init() leave to the guest. */
function express({ cmask, wmask, w1cmask }: Pick<ConfigMasks, 'cmask' | 'wmask' | 'w1cmask'>, at: number): void {
  cmask.fill(0, at + 0x12, at + 0x14);
  wmask[at + 0x08] = 0x0f;
  wmask[at + 0x09] = 0x80;
  w1cmask[at + 0x0a] = 0x0f;
  wmask[at + 0x10] = 0xc0;
  wmask[at + 0x29] = 0x80;
}

/** What a guest with native hot-plug changes: pcie_cap_slot_init(), pcie_cap_root_init(). */
function slot(
  space: Uint8Array,
  { cmask, wmask, w1cmask }: Pick<ConfigMasks, 'cmask' | 'wmask' | 'w1cmask'>,
  at: number,
  version: number,
): void {
  const powered = (space[at + 0x14]! & 0x02) !== 0;
  wmask[at + 0x18] = 0xf9;
  wmask[at + 0x19] = powered ? 0x0f : 0x0b;
  w1cmask[at + 0x1a] = 0x19;
  wmask[at + 0x1c] = 0x07;
  // Whether a card is there: compared in 7.2, no more in 10.0.
  if (version >= 80100) cmask[at + 0x1a] = 0xbf;
}
