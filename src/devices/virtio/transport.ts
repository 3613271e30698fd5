// What a virtio device writes before the state that all devices share, by its transport. QEMU:
// virtio_pci_save_config(), hw/virtio/virtio-pci.c; virtio_mmio_save_config(), hw/virtio/virtio-mmio.c;
// virtio_ccw_save_config(), hw/s390x/virtio-ccw.c.

import type { FieldSchema, VmsdSchema } from '../../vmstate/index.js';
import { capabilityId } from '../pci/capabilities.js';
import { vectorCount, vectorStateSize } from '../pci/msix.js';
import { CONVENTIONAL_SIZE, EXPRESS_SIZE } from '../pci/space.js';
import { findCapability } from '../pci/walk.js';
import { field, inner, sizeOf, table, u16, u32 } from '../rule.js';
import { ccwFields } from './ccw.js';
import { queueTable, type QueueTable } from './queues.js';

export interface Transport {
  readonly kind: 'pci' | 'mmio' | 'ccw';
  readonly fields: readonly FieldSchema[];
  /** Bytes of `fields`. */
  readonly size: number;
  /** Bytes of PCI configuration space; 0: not over PCI. */
  readonly configSize: number;
  /** MSI-X vectors; 0: none. */
  readonly vectors: number;
  readonly queue: QueueTable;
}

/** The transports that the bytes may have begun with. @throws RangeError when they are too short to say */
export function* transports(view: DataView): Generator<Transport> {
  for (const configSize of [CONVENTIONAL_SIZE, EXPRESS_SIZE]) {
    const transport = pci(view, configSize);
    if (transport !== undefined) yield transport;
  }
  const fields = ccwFields(view);
  if (fields !== undefined)
    yield { kind: 'ccw', fields, size: sizeOf(fields), configSize: 0, vectors: 0, queue: queues.vectors };
  yield mmio;
}

const queues = { plain: queueTable(false, false), vectors: queueTable(false, true) };

const VERSION = 2;

/** QEMU: vmstate_pci_device, hw/pci/pci.c. */
export function pciDevice(configSize: number): VmsdSchema {
  return table('PCIDevice', pciFields(configSize), [], VERSION);
}

function pciFields(configSize: number): FieldSchema[] {
  return [
    field('version_id', 'int32 le', 4),
    field('config', 'pci config', configSize),
    field('irq_state', 'pci irq state', 16),
  ];
}

/** Only MMIO writes the alignment of each ring. */
const mmioFields = [u32('host_features_sel'), u32('guest_features_sel'), u32('guest_page_shift')];
const mmio: Transport = {
  kind: 'mmio',
  fields: mmioFields,
  size: sizeOf(mmioFields),
  configSize: 0,
  vectors: 0,
  queue: queueTable(true, false),
};

/** A PCI device with that much configuration space: all of it when it has the PCI Express capability. */
function pci(view: DataView, configSize: number): Transport | undefined {
  const head = sizeOf(pciFields(configSize));
  if (view.byteLength < head || view.getUint32(0) !== VERSION) return undefined;
  const config = new DataView(view.buffer, view.byteOffset + 4, CONVENTIONAL_SIZE);
  if ((configSize === EXPRESS_SIZE) !== (findCapability(config, capabilityId.express) !== undefined)) return undefined;
  const vectors = vectorCount(config);
  const fields = [
    inner('pci', pciDevice(configSize)),
    ...(vectors === 0 ? [] : [field('msix', 'msix state', vectorStateSize(vectors)), u16('config_vector')]),
  ];
  return {
    kind: 'pci',
    fields,
    size: sizeOf(fields),
    configSize,
    vectors,
    queue: vectors === 0 ? queues.plain : queues.vectors,
  };
}
