// The state that all virtio devices share (`virtio`): the transport's part, status, features, configuration, queues,
// then the device's own part, then subsections that the description does not show. Nothing in it says how long it is,
// so the whole is believed only when it ends exactly where the field ends. QEMU: virtio_save(), hw/virtio/virtio.c;
// virtio_pci_save_config(), hw/virtio/virtio-pci.c; virtio_mmio_save_config(), hw/virtio/virtio-mmio.c;
// virtio_ccw_save_config(), hw/s390x/virtio-ccw.c.

import { vmsdSize, type FieldSchema, type VmsdSchema } from '../schema.js';
import { field, opaque, struct, structs, table, type Decoder, type Layout } from './rule.js';
import { ccwDevice } from './virtio-ccw.js';
import { configFields, deviceFields } from './virtio-devices.js';
import { virtioMeanings } from './virtio-names.js';
import { findSubsections } from './virtio-subsections.js';

const MSIX = 0x11;
const EXPRESS = 0x10;
/** QEMU: VIRTIO_QUEUE_MAX. */
const MAX_QUEUES = 1024;

/** What a transport writes before the common part. */
interface Transport {
  readonly fields: readonly FieldSchema[];
  readonly size: number;
  /** Of each queue. */
  readonly queue: QueueTable;
}

const virtio: Layout = ({ view, vmsd }) => {
  for (const transport of [pci(view, 0x100), pci(view, 0x1000), ccw(view), mmio]) {
    const found = transport === undefined ? undefined : attempt(view, vmsd, transport);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Undefined when the bytes are not laid out like that. */
function attempt(view: DataView, vmsd: string, transport: Transport): VmsdSchema | undefined {
  try {
    let at = transport.size;
    const status = view.getUint8(at);
    const configLength = view.getUint32(at + 8);
    if (configLength > 0x1000 || (status & 0x30) !== 0) return undefined;
    at += 12 + configLength;
    const features = view.getUint32(at - configLength - 8);
    const queueCount = view.getUint32(at);
    // No device is without a queue.
    if (queueCount === 0 || queueCount > MAX_QUEUES) return undefined;
    at += 4;
    const { queue } = transport;
    for (let i = 0; i < queueCount; i += 1) if (view.getUint32(at + i * queue.size) === 0) return undefined;
    at += queueCount * queue.size;
    const tail = findSubsections(view, at);
    const config = configFields(vmsd, configLength);
    return table(
      'virtio',
      [
        ...transport.fields,
        field('status', 'uint8', 1),
        field('isr', 'uint8', 1),
        field('queue_sel', 'uint16', 2),
        field('guest_features_lo', 'uint32', 4),
        field('config_len', 'uint32', 4),
        ...(configLength === 0 ? [] : [struct('config', table(`${vmsd} config`, config), configLength)]),
        field('queue_count', 'uint32', 4),
        structs('queues', queue.table, queue.size, queueCount),
        ...own(view, vmsd, features, at, tail.start),
      ],
      tail.subsections,
    );
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The part that the device itself writes. */
function own(view: DataView, vmsd: string, features: number, start: number, end: number): FieldSchema[] {
  if (start === end) return [];
  const known = deviceFields(vmsd, view, start, end, features);
  if (known === undefined) return [opaque('device', end - start, `the own part of ${vmsd} is not known`)];
  return [struct('device', known, end - start)];
}

interface QueueTable {
  readonly table: VmsdSchema;
  readonly size: number;
}

function queueTable(alignment: boolean, vectors: boolean): QueueTable {
  const fields = [
    field('num', 'uint32', 4),
    ...(alignment ? [field('align', 'uint32', 4)] : []),
    field('desc', 'uint64', 8),
    field('last_avail_idx', 'uint16', 2),
    ...(vectors ? [field('vector', 'uint16', 2)] : []),
  ];
  return { table: table('virtio queue', fields, [], 0), size: vmsdSize(table('', fields))! };
}

const pciDevice = [0x100, 0x1000].map((size) =>
  struct(
    'pci',
    table(
      'PCIDevice',
      [
        field('version_id', 'int32 le', 4),
        field('config', 'pci config', size),
        field('irq_state', 'pci irq state', 16),
      ],
      [],
      2,
    ),
    4 + size + 16,
  ),
);
const queues = { plain: queueTable(false, false), vectors: queueTable(false, true) };

/** Only MMIO writes the alignment of each ring. */
const mmio: Transport = {
  fields: [
    field('host_features_sel', 'uint32', 4),
    field('guest_features_sel', 'uint32', 4),
    field('guest_page_shift', 'uint32', 4),
  ],
  size: 12,
  queue: queueTable(true, false),
};

/** A channel device of s390x: a vector for each queue. */
function ccw(view: DataView): Transport | undefined {
  const fields = ccwDevice(view);
  return fields === undefined ? undefined : { fields, size: vmsdSize(table('', fields))!, queue: queues.vectors };
}

/** A PCI device with that much configuration space: 4096 bytes when it has the PCI Express capability. */
function pci(view: DataView, configSize: number): Transport | undefined {
  const head = 4 + configSize + 16;
  if (view.byteLength < head || view.getUint32(0) !== 2) return undefined;
  const capability = findCapability(view, EXPRESS);
  if ((configSize === 0x1000) !== (capability !== undefined)) return undefined;
  const msix = findCapability(view, MSIX);
  const vectors = msix === undefined ? 0 : (view.getUint16(4 + msix + 2, true) & 0x7ff) + 1;
  const msixSize = vectors * 16 + Math.ceil(vectors / 8);
  return {
    fields: [
      pciDevice[configSize === 0x100 ? 0 : 1]!,
      ...(vectors === 0 ? [] : [field('msix', 'msix state', msixSize), field('config_vector', 'uint16', 2)]),
    ],
    size: head + (vectors === 0 ? 0 : msixSize + 2),
    // A vector for each queue, when there are any.
    queue: vectors === 0 ? queues.plain : queues.vectors,
  };
}

/** Offset in configuration space, which begins behind the be32 version. */
function findCapability(view: DataView, id: number): number | undefined {
  if ((view.getUint16(4 + 0x06, true) & 0x10) === 0) return undefined;
  let at = view.getUint8(4 + 0x34) & 0xfc;
  for (let steps = 0; at >= 0x40 && at < 0xfe && steps < 48; steps += 1) {
    if (view.getUint8(4 + at) === id) return at;
    at = view.getUint8(4 + at + 1) & 0xfc;
  }
  return undefined;
}

export const virtioState: Decoder = { layouts: [{ type: 'virtio', layout: virtio }], meanings: virtioMeanings };
