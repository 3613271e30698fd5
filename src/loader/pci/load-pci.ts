// What PCI devices check of their configuration space. QEMU: get_pci_config_device() and get_pci_irq_state(),
// hw/pci/pci.c.

import { checkedBits } from '../../devices/pci/checked.js';
import { PCI_PINS } from '../../devices/pci/pci.js';
import { isConfigSize } from '../../devices/pci/space.js';
import type { Incoming } from '../outer/incoming.js';
import type { QemuFile } from '../outer/qemu-file.js';
import type { ValueToLoad } from '../tables/value-to-load.js';

export async function loadPciConfig(
  incoming: Incoming,
  file: QemuFile,
  { field, localBytes: local, context }: ValueToLoad,
): Promise<void> {
  const size = field.size!;
  await file.want(size);
  const sent = file.take(size).slice();
  const { device } = context;
  if (local?.length !== size || !isConfigSize(size)) {
    incoming.unknowns.add(
      `the PCI configuration space of ${device} at the destination, which the stream's must agree with`,
    );
    return;
  }
  const { bars } = incoming.destination;
  const { cmask, wmask, w1cmask, unsure } = checkedBits(
    local,
    bars?.(device),
    !incoming.behaves('slot-presence-ignored'),
  );
  for (let i = 0; i < size; i += 1) {
    if (((sent[i]! ^ local[i]!) & cmask[i]! & ~wmask[i]! & ~w1cmask[i]!) === 0) continue;
    if (unsure.has(i))
      incoming.unknowns.add(
        `which bits of byte 0x${i.toString(16)} of ${device}'s PCI configuration space the guest may write`,
      );
    throw incoming.refuse(file, 'pci-config-data', {
      at: i,
      read: sent[i]!,
      device: local[i]!,
      cmask: cmask[i]!,
      wmask: wmask[i]!,
      w1cmask: w1cmask[i]!,
    });
  }
}

export async function loadPciIrq(incoming: Incoming, file: QemuFile): Promise<void> {
  await file.want(4 * PCI_PINS);
  for (let pin = 0; pin < PCI_PINS; pin += 1) {
    const level = file.u32() | 0;
    if (level !== 0 && level !== 1) throw incoming.refuse(file, 'pci-irq-state', { level });
  }
}
