// What PCI devices check of their configuration space. QEMU: get_pci_config_device() and get_pci_irq_state(),
// hw/pci/pci.c.

import type { Incoming } from '../outer/incoming.js';
import type { ValueToLoad } from '../tables/value-to-load.js';
import { checkedBits } from './pci-masks.js';
import type { QemuFile } from '../outer/qemu-file.js';

export async function loadPciConfig(
  incoming: Incoming,
  file: QemuFile,
  { field, own, context }: ValueToLoad,
): Promise<void> {
  const size = field.size!;
  await file.want(size);
  const theirs = file.take(size).slice();
  if (own?.length !== size) {
    incoming.unknowns.add(
      `the PCI configuration space of ${context.device} at the destination, which the stream's must agree with`,
    );
    return;
  }
  const { cmask, wmask, w1cmask, unsure } = checkedBits(
    own,
    incoming.destination.bars?.(context.device),
    incoming.destination.version,
  );
  for (let i = 0; i < size; i += 1) {
    if (((theirs[i]! ^ own[i]!) & cmask[i]! & ~wmask[i]! & ~w1cmask[i]!) === 0) continue;
    if (unsure.has(i))
      incoming.unknowns.add(
        `which bits of byte 0x${i.toString(16)} of ${context.device}'s PCI configuration space the guest may write`,
      );
    throw incoming.refuse(file, 'pci-config-data', {
      at: i,
      read: theirs[i]!,
      device: own[i]!,
      cmask: cmask[i]!,
      wmask: wmask[i]!,
      w1cmask: w1cmask[i]!,
    });
  }
}

const PINS = 4;

export async function loadPciIrq(incoming: Incoming, file: QemuFile): Promise<void> {
  await file.want(4 * PINS);
  for (let pin = 0; pin < PINS; pin += 1) {
    const level = file.u32() | 0;
    if (level !== 0 && level !== 1) throw incoming.refuse(file, 'pci-irq-state', { level });
  }
}
