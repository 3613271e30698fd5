// What a QEMU checks of what a virtio network card itself writes, and how it changes the card's queues. QEMU:
// vmstate_virtio_net_device, hw/net/virtio-net.c, of 5.2, 7.2, 10.0.

import { MAC } from '../../devices/virtio/net.js';
import type { MessageId } from '../../release/messages/index.js';
import type { Incoming } from '../outer/incoming.js';
import type { QemuFile } from '../outer/qemu-file.js';
import type { Refusal } from '../refusal.js';
import type { TableContext } from '../tables/table-context.js';
import type { TableRules } from '../tables/table-rules.js';
import { offeredBy } from './virtio-features.js';

/** MAC_TABLE_ENTRIES. */
const MAC_FILTERS = 64;
/** VIRTIO_NET_RSS_MAX_TABLE_LEN. */
const RSS_ENTRIES = 128;

function loaded(context: TableContext, name: string): number {
  return Number(context.values.get(name) ?? 0);
}

/**
 * How long each queue may be, once there are as many as the stream has: pairs go or come, and the control queue moves
 * to the first free place. QEMU: virtio_net_change_num_queues().
 * @throws Ending: for no queue at all the first pair goes twice, which no QEMU survives
 */
export function virtioNetQueues(
  incoming: Incoming,
  file: QemuFile,
  sizes: readonly number[],
  count: number,
): readonly number[] {
  if (sizes.length < 3 || count === sizes.length || !incoming.behaves('queues-follow-stream')) return sizes;
  if (count === 0) throw incoming.ends(file, 'aborts', 'virtio-no-queue');
  const last = sizes.length - 1;
  const queues = sizes.slice(0, last);
  for (let i = count - 1; i < last; i += 2) queues.fill(0, 2 * Math.trunc(i / 2), 2 * Math.trunc(i / 2) + 2);
  for (let i = last; i < count - 1; i += 2) queues.push(sizes[0]!, sizes[1]!);
  const free = queues.indexOf(0);
  queues[free === -1 ? queues.length : free] = sizes[last]!;
  return queues;
}

export const virtioNetRules: Readonly<Record<string, TableRules>> = {
  'virtio-net-device': {
    // More filters than there is room for are thrown away.
    conditional: {
      after: 'mac_table.in_use',
      field(context, incoming) {
        const sent = loaded(context, 'mac_table.in_use');
        // Older releases take it for a number below zero.
        const filters = sent >= 2 ** 31 && !incoming.behaves('unsigned-counts') ? 0 : sent;
        return filters === 0
          ? undefined
          : { name: filters > MAC_FILTERS ? 'unused' : 'mac_table.macs', size: filters * MAC };
      },
    },
  },
  'virtio-net-vnet': {
    postLoad: (incoming, file, context) => backend(incoming, file, context, 'has_vnet_hdr', 'virtio-net-headers'),
  },
  'virtio-net-ufo': {
    postLoad: (incoming, file, context) => backend(incoming, file, context, 'has_ufo', 'virtio-net-fragments'),
  },
  'virtio-net-device/rss': {
    since: { 'rss_data.supported_hash_types': 2 },
    counts: { 'rss_data.indirections_table': (context) => loaded(context, 'rss_data.indirections_len') },
    postLoad(incoming, file, context) {
      const length = loaded(context, 'rss_data.indirections_len');
      if (
        !incoming.behaves('hash-table-checked') ||
        (length <= RSS_ENTRIES && length !== 0 && (length & (length - 1)) === 0)
      )
        return undefined;
      return incoming.refuse(file, 'virtio-net-hashes', { entries: length });
    },
  },
};

/** What the network behind the card must be able to do, since it could at the source. */
function backend(
  incoming: Incoming,
  file: QemuFile,
  context: TableContext,
  name: string,
  id: MessageId,
): Refusal | undefined {
  if (loaded(context, name) === 0 || context.localValues.get(name) !== 0) return undefined;
  if (offeredBy(incoming, context.device)?.unsure === 0n) return incoming.refuse(file, id);
  incoming.unknowns.add(
    `whether the network of ${context.device} takes headers with offloads (vnet_hdr) as it did at the source`,
  );
  return undefined;
}
