// The types of fields that tables, PCI and virtio read by code of their own: QEMU's VMStateInfo, handed in once.

import type { LoadType } from './outer/incoming.js';
import { loadPciConfig, loadPciIrq } from './pci/load-pci.js';
import { loadList } from './tables/load-list.js';
import { loadVirtio } from './virtio/load-virtio.js';

export const typeLoaders: ReadonlyMap<string, LoadType> = new Map<string, LoadType>([
  ['qtailq', loadList],
  ['qlist', loadList],
  ['gtree', loadList],
  ['pci config', loadPciConfig],
  ['pci irq state', loadPciIrq],
  ['virtio', loadVirtio],
]);
