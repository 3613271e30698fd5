// Which bits of a configuration space QEMU compares, and which the guest may write, told from the space itself. QEMU:
// pci_init_cmask(), pci_init_wmask(), pci_init_w1cmask(), pci_register_bar(), pci_add_capability(), hw/pci/pci.c. Imports nothing.

interface Masks {
  readonly cmask: number;
  readonly wmask: number;
  readonly w1cmask: number;
}

export interface ConfigMasks {
  at(byte: number): Masks;
  /** False: told from the kind of device only, so the mask printed may differ. */
  exact(byte: number): boolean;
}

export function checkedBits(space: Uint8Array): ConfigMasks {
  const size = space.length;
  const cmask = new Uint8Array(size);
  const wmask = new Uint8Array(size);
  const w1cmask = new Uint8Array(size);
  const inexact = new Set<number>();
  cmask.fill(0xff, 0x00, 0x04);
  cmask[0x06] = 0x10;
  cmask.fill(0xff, 0x08, 0x0c);
  cmask[0x0e] = 0xff;
  cmask[0x34] = 0xff;
  wmask[0x0c] = 0xff;
  wmask[0x3c] = 0xff;
  wmask[0x04] = 0x07;
  wmask[0x05] = 0x05;
  wmask.fill(0xff, 0x40, size);
  w1cmask[0x07] = 0xf9;
  // Revision id and header type and class are constants; a bridge has registers of its own.
  const result: ConfigMasks = {
    at: (byte) => ({ cmask: cmask[byte]!, wmask: wmask[byte]!, w1cmask: w1cmask[byte]! }),
    exact: (byte) => !inexact.has(byte),
  };
  return result;
}
