// The part of virtio state that a network card itself writes, as a table, and what it checks. QEMU:
// vmstate_virtio_net_device, hw/net/virtio-net.c, of 5.2, 7.2, 10.0; the second version of its RSS table for 11.1: its
// strings, and runs.

import { plainField as field, type FieldSchema, type VmsdSchema } from '../../vmstate/index.js';
import type { MessageId } from '../../release/messages/index.js';
import type { Incoming } from '../outer/incoming.js';
import type { QemuFile } from '../outer/qemu-file.js';
import type { Refusal } from '../refusal.js';
import type { TableRules } from '../tables/table-rules.js';
import type { TableContext } from '../tables/table-context.js';
import { offeredBy } from './virtio-features.js';

/** MAC_TABLE_ENTRIES, and the bytes of each. */
const MAC_FILTERS = 64;
const MAC = 6;
/** VIRTIO_NET_RSS_MAX_TABLE_LEN, VIRTIO_NET_RSS_MAX_KEY_SIZE. */
const RSS_ENTRIES = 128;
const RSS_KEY = 40;
/** From here on a count of elements has no sign; 10.0 and 11.1: run. QEMU: vmstate_n_elems(), migration/vmstate.c. */
const UNSIGNED = 100200;
/** Cards that change their queues to what the stream has; 7.2.22 and 10.0: run. QEMU: virtio_net_pre_load_queues(). */
const CHANGES_QUEUES = 70200;
const CTRL_GUEST_OFFLOADS = 1 << 2;
/** VIRTIO_NET_VM_VERSION. */
const VERSION = 11;

const u8 = (name: string): FieldSchema => field(name, 'uint8', 1);
const u16 = (name: string): FieldSchema => field(name, 'uint16', 2);
const u32 = (name: string): FieldSchema => field(name, 'uint32', 4);

function table(
  name: string,
  version: number,
  fields: readonly FieldSchema[],
  subsections: readonly VmsdSchema[] = [],
): VmsdSchema {
  return { name, version, fields, subsections };
}

function loaded(context: TableContext, name: string): number {
  return Number(context.values.get(name) ?? 0);
}

/** Only looked at, in a struct of its own. */
const tested = (name: string, one: FieldSchema): FieldSchema => ({
  ...field('tmp', 'tmp', one.size!),
  inline: [table(name, 0, [one])],
});

const fields: readonly FieldSchema[] = [
  field('mac', 'buffer', MAC),
  { ...field('vqs', 'struct', 4), struct: table('virtio-net-queue-tx_waiting', 0, [u32('tx_waiting')]) },
  u32('mergeable_rx_bufs'),
  u16('status'),
  u8('promisc'),
  u8('allmulti'),
  u32('mac_table.in_use'),
  field('vlans', 'buffer', 512),
  tested('virtio-net-vnet', u32('has_vnet_hdr')),
  ...['mac_table.multi_overflow', 'mac_table.uni_overflow', 'alluni', 'nomulti', 'nouni', 'nobcast'].map(u8),
  tested('virtio-net-ufo', u8('has_ufo')),
];
const SIZE = fields.reduce((sum, { size }) => sum + size!, 0);

/** Its second version has the types that are supported, and came with 10.1. */
function rss(version: number): VmsdSchema {
  const types =
    version >= 100100
      ? [u32('rss_data.runtime_hash_types'), u32('rss_data.supported_hash_types')]
      : [u32('rss_data.hash_types')];
  return table('virtio-net-device/rss', types.length, [
    ...['rss_data.enabled', 'rss_data.redirect', 'rss_data.populate_hash'].map((name) => field(name, 'bool', 1)),
    ...types,
    u16('rss_data.indirections_len'),
    u16('rss_data.default_queue'),
    field('rss_data.key', 'buffer', RSS_KEY),
    u16('rss_data.indirections_table'),
  ]);
}

/** `features`: the low word, as the stream has it. Undefined when the destination's card has several pairs of queues. */
export function virtioNetTable(version: number, features: number, own: Uint8Array): VmsdSchema | undefined {
  if (own.length !== SIZE) return undefined;
  const offloads = (features & CTRL_GUEST_OFFLOADS) === 0 ? [] : [field('curr_guest_offloads', 'uint64', 8)];
  return table('virtio-net-device', VERSION, [...fields, ...offloads], [rss(version)]);
}

/**
 * How long each queue may be, once there are as many as the stream has: pairs go or come, and the control queue moves to the first
 * place that is free. QEMU: virtio_net_change_num_queues().
 * @throws Ending: for no queue at all the first pair goes twice, which no QEMU survives
 */
export function virtioNetQueues(
  incoming: Incoming,
  file: QemuFile,
  sizes: readonly number[],
  count: number,
): readonly number[] {
  if (sizes.length < 3 || count === sizes.length || incoming.destination.version < CHANGES_QUEUES) return sizes;
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
    // More of them than there is room for are thrown away.
    conditional: {
      after: 'mac_table.in_use',
      field(context, incoming) {
        const sent = loaded(context, 'mac_table.in_use');
        // A number below zero to older ones.
        const filters = sent >= 2 ** 31 && incoming.destination.version < UNSIGNED ? 0 : sent;
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
      // Looked at since 10.0.
      if (
        incoming.destination.version < 100000 ||
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
  if (loaded(context, name) === 0 || context.own.get(name) !== 0) return undefined;
  if (offeredBy(incoming, context.device)?.unsure === 0n) return incoming.refuse(file, id);
  incoming.unknowns.add(
    `whether the network of ${context.device} takes headers with offloads (vnet_hdr) as it did at the source`,
  );
  return undefined;
}
