// The subsections behind virtio state, which no description shows, as tables. QEMU: vmstate_virtio and its subsections,
// hw/virtio/virtio.c; vmstate_virtio_pci, hw/virtio/virtio-pci.c.

import { plainField, type FieldSchema, type VmsdSchema } from '../../vmstate/index.js';

/** VIRTIO_QUEUE_MAX; these tables always have all of them. */
const QUEUES = 1024;

function field(name: string, type: string, size: number, count?: number): FieldSchema {
  return { ...plainField(name, type, size), count };
}

function table(name: string, fields: readonly FieldSchema[], subsections: readonly VmsdSchema[] = []): VmsdSchema {
  return { name, version: 1, fields, subsections };
}

const modern = table(
  'virtio_pci/modern_state',
  [
    field('dfselect', 'uint32', 4),
    field('gfselect', 'uint32', 4),
    field('guest_features', 'uint32', 4, 2),
    field('vqs', 'buffer', 28, QUEUES),
  ],
  [table('virtio_pci/modern_state/features128', [field('guest_features', 'uint32', 4, 2)])],
);
/** Not a subsection but a whole table of the transport's, without fields. */
const transport = table('virtio_pci', [], [modern]);

const common: readonly VmsdSchema[] = [
  table('virtio/device_endian', [field('device_endian', 'uint8', 1)]),
  table('virtio/64bit_features', [field('guest_features', 'uint64', 8)]),
  table('virtio/virtqueues', [field('vq', 'buffer', 16, QUEUES)]),
  table('virtio/ringsize', [field('vq', 'buffer', 4, QUEUES)]),
  table('virtio/broken', [field('broken', 'bool', 1)]),
  table('virtio/extra_state', [{ ...field('extra_state', 'struct', 0), struct: transport }]),
  table('virtio/started', [field('started', 'bool', 1)]),
  table('virtio/packed_virtqueues', [field('vq', 'buffer', 10, QUEUES)]),
  table('virtio/disabled', [field('disabled', 'bool', 1)]),
];

const before = table('virtio', [], common);
const since = table(
  'virtio',
  [],
  [...common, table('virtio/128bit_features', [field('guest_features_ex[1]', 'uint64', 8)])],
);

/** With features above bit 63 since 10.2. */
export function virtioTable(version: number): VmsdSchema {
  return version >= 100200 ? since : before;
}
