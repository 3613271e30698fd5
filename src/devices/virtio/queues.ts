// The queues of a virtio device, as they stand in the state that all devices share. QEMU: virtio_save(),
// hw/virtio/virtio.c.

import type { VmsdSchema } from '../../vmstate/index.js';
import { sizeOf, table, u16, u32, u64 } from '../rule.js';

/** QEMU: VIRTIO_QUEUE_MAX. */
export const VIRTIO_QUEUE_MAX = 1024;

export interface QueueTable {
  readonly table: VmsdSchema;
  /** Bytes. */
  readonly size: number;
}

/** `alignment`: with the alignment of the ring; `vectors`: with the vector of the queue. */
export function queueTable(alignment: boolean, vectors: boolean): QueueTable {
  const fields = [
    u32('num'),
    ...(alignment ? [u32('align')] : []),
    u64('desc'),
    u16('last_avail_idx'),
    ...(vectors ? [u16('vector')] : []),
  ];
  return { table: table('virtio queue', fields, [], 0), size: sizeOf(fields) };
}
