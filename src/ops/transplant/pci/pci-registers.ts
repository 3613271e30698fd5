// The registers of PCI configuration space that software writes: those of the header, and those of each capability, as the
// PCI standard has them, status bits that are cleared by writing included. Whatever is not here is the device's own word:
// identity, sizes, layout. QEMU: pci_init_wmask(), pci_init_w1cmask(), hw/pci/pci.c; hw/pci/{msi,msix,pcie,pcie_aer}.c.
// Imports nothing.

/** Offset in the header or the capability, bytes, bits that software writes. */
export type Register = readonly [offset: number, size: 1 | 2 | 4, mask: number];

const ALL = 0xffff_ffff;
/** Errors that every device with the capability reports. Internal errors (bit 22) and later ones some do: the destination says. */
const UNCORRECTABLE = 0x003f_f030;

const both: readonly Register[] = [
  [0x04, 2, 0xffff], // command
  [0x06, 2, 0xf908], // status: errors, interrupt
  [0x0c, 1, 0xff], // cache line size
  [0x0d, 1, 0xff], // latency timer
  [0x0f, 1, 0x40], // start of the self test
  [0x3c, 1, 0xff], // interrupt line
];

/** By header type; base addresses are another matter. */
export const headerRegisters: readonly (readonly Register[])[] = [
  both,
  [
    ...both,
    [0x18, 4, ALL], // primary, secondary and subordinate bus, latency timer
    [0x1c, 1, 0xf0], // I/O base
    [0x1d, 1, 0xf0], // I/O limit
    [0x1e, 2, 0xf900], // secondary status
    [0x20, 2, 0xfff0], // memory base
    [0x22, 2, 0xfff0],
    [0x24, 2, 0xfff0], // prefetchable memory base
    [0x26, 2, 0xfff0],
    [0x28, 4, ALL],
    [0x2c, 4, ALL],
    [0x30, 2, 0xffff], // upper halves of the I/O window
    [0x32, 2, 0xffff],
    [0x3e, 2, 0x0fff], // bridge control
  ],
];

/** Base addresses: how many, and where that of the expansion ROM is, by header type. */
export const baseAddresses = [
  { count: 6, rom: 0x30 },
  { count: 2, rom: 0x38 },
] as const;

/** By capability id. MSI has its own rule, since its registers move with its control word. */
export const capabilityRegisters: Readonly<Record<number, readonly Register[]>> = {
  // Power management: state, PME.
  0x01: [[4, 2, 0x9f03]],
  // Hot-plug controller (SHPC): select, data.
  0x0c: [
    [2, 1, 0xff],
    [4, 4, ALL],
  ],
  // PCI Express: the control words, errors, slot events.
  0x10: [
    [0x08, 2, 0x7fff],
    [0x0a, 2, 0x000f],
    [0x10, 2, 0x0ffb],
    [0x12, 2, 0xc000],
    [0x18, 2, 0x1fff],
    [0x1a, 2, 0x011f],
    [0x1c, 2, 0x001f],
    [0x20, 4, 0x0001_0000],
    [0x28, 2, 0xffff],
    [0x30, 2, 0x1fff],
    [0x38, 2, 0xffff],
  ],
  // MSI-X: enable, mask all.
  0x11: [[2, 2, 0xc000]],
  // Advanced features: reset, status.
  0x13: [
    [4, 1, 0xff],
    [5, 1, 0xff],
  ],
};

/** virtio's window into a BAR through configuration space (VIRTIO_PCI_CAP_PCI_CFG): bar, offset, length, data. */
export const virtioWindow: readonly Register[] = [
  [4, 1, 0xff],
  [8, 4, ALL],
  [12, 4, ALL],
  [16, 4, ALL],
];

/** By id of the extended capability. */
export const extendedRegisters: Readonly<Record<number, readonly Register[]>> = {
  // Advanced error reporting: status, masks, severities, control, what was logged.
  0x01: [
    [0x04, 4, UNCORRECTABLE],
    [0x08, 4, UNCORRECTABLE],
    [0x0c, 4, UNCORRECTABLE],
    [0x10, 4, 0xf1c1],
    [0x14, 4, 0xf1c1],
    [0x18, 4, 0x055f],
    [0x1c, 4, ALL],
    [0x20, 4, ALL],
    [0x24, 4, ALL],
    [0x28, 4, ALL],
    [0x2c, 4, 0x0000_0007],
    [0x30, 4, 0x0000_007f],
    [0x34, 4, ALL],
    [0x38, 4, ALL],
    [0x3c, 4, ALL],
    [0x40, 4, ALL],
    [0x44, 4, ALL],
  ],
  // Access control, alternative routing, address translation: control.
  0x0d: [[6, 2, 0xffff]],
  0x0e: [[6, 2, 0xffff]],
  0x0f: [[6, 2, 0x801f]],
  // Single-root I/O virtualisation: control, number of functions, page size, base addresses.
  0x10: [
    [0x08, 2, 0xffff],
    [0x0a, 2, 0xffff],
    [0x10, 2, 0xffff],
    [0x20, 4, ALL],
    [0x24, 4, 0xffff_fff0],
    [0x28, 4, ALL],
    [0x2c, 4, 0xffff_fff0],
    [0x30, 4, ALL],
    [0x34, 4, 0xffff_fff0],
    [0x38, 4, ALL],
  ],
  // Page requests, process address spaces: control, status.
  0x13: [
    [4, 2, 0xffff],
    [6, 2, 0x0103],
    [12, 4, ALL],
  ],
  0x1b: [[6, 2, 0xffff]],
};
