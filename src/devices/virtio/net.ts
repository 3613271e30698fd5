// What a virtio network card writes itself, for whoever divides a state and for whoever loads one. QEMU:
// vmstate_virtio_net_device and what it nests, hw/net/virtio-net.c, of 5.2, 7.2, 10.0; the second version of the RSS
// subsection for 11.1: its strings, and runs.

import { subsectionHeaderSize, vmsdSize, type FieldSchema, type VmsdSchema } from '../../vmstate/index.js';
import { array, bool, field, sizeOf, table, u16, u32, u64, u8 } from '../rule.js';

/** Bytes of an address. */
export const MAC = 6;
/** VIRTIO_NET_VM_VERSION. */
export const NET_VERSION = 11;
/** The feature with which a card writes which offloads the guest wants: bit of the low word. */
const CTRL_GUEST_OFFLOADS = 1 << 2;
/** VIRTIO_NET_RSS_MAX_KEY_SIZE. */
const RSS_KEY = 40;
/** MAX_VLAN, in words of 32 bits. */
const VLAN_WORDS = 128;

/** A field, and the entry and the table that QEMU nests it in where it does. */
export interface NetField {
  readonly field: FieldSchema;
  readonly within?: { readonly entry: 'vqs' | 'tmp'; readonly table: string };
}

/** Of a card with one pair of queues and without address filters, which stand behind `mac_table.in_use`. */
export const netFields: readonly NetField[] = [
  { field: array('mac', 'uint8', 1, MAC) },
  { field: u32('tx_waiting'), within: { entry: 'vqs', table: 'virtio-net-queue-tx_waiting' } },
  { field: u32('mergeable_rx_bufs') },
  { field: u16('status') },
  { field: u8('promisc') },
  { field: u8('allmulti') },
  { field: u32('mac_table.in_use') },
  { field: array('vlans', 'le32', 4, VLAN_WORDS) },
  { field: u32('has_vnet_hdr'), within: { entry: 'tmp', table: 'virtio-net-vnet' } },
  { field: u8('mac_table.multi_overflow') },
  { field: u8('mac_table.uni_overflow') },
  { field: u8('alluni') },
  { field: u8('nomulti') },
  { field: u8('nouni') },
  { field: u8('nobcast') },
  { field: u8('has_ufo'), within: { entry: 'tmp', table: 'virtio-net-ufo' } },
];
const fields = netFields.map((row) => row.field);
const IN_USE = fields.findIndex(({ name }) => name === 'mac_table.in_use');
const FILTERS_AT = sizeOf(fields.slice(0, IN_USE));

/** `features`: the low word of those that the guest has taken. */
export function netOffloads(features: number): FieldSchema[] {
  return (features & CTRL_GUEST_OFFLOADS) === 0 ? [] : [u64('curr_guest_offloads')];
}

/** The RSS subsection; its second version says which types of hashes are supported. */
export function netRss(version: number, indirections: readonly FieldSchema[]): VmsdSchema {
  const types = version >= 2 ? ['runtime_hash_types', 'supported_hash_types'] : ['hash_types'];
  return table(
    RSS,
    [
      ...['enabled', 'redirect', 'populate_hash'].map((name) => bool(`rss_data.${name}`)),
      ...types.map((name) => u32(`rss_data.${name}`)),
      u16('rss_data.indirections_len'),
      u16('rss_data.default_queue'),
      array('rss_data.key', 'uint8', 1, RSS_KEY),
      ...indirections,
    ],
    [],
    version,
  );
}
const RSS = 'virtio-net-device/rss';

/** With several pairs of queues or one, with RSS or without: whichever comes out exactly. */
export function netState(view: DataView, start: number, end: number, features: number): VmsdSchema | undefined {
  const filters = view.getUint32(start + FILTERS_AT);
  const head = fields.toSpliced(
    IN_USE + 1,
    0,
    ...(filters === 0 ? [] : [array('mac_table.macs', 'uint8', 1, filters * MAC)]),
  );
  const headSize = sizeOf(head);
  const pairs: FieldSchema[][] = [[]];
  if (start + headSize + 4 <= end) {
    const current = view.getUint16(start + headSize + 2);
    pairs.push([
      field('max_queue_pairs', 'uint16 equal', 2),
      u16('curr_queue_pairs'),
      ...(current > 1 ? [array('vqs_1', 'uint32', 4, current - 1)] : []),
    ]);
  }
  for (const queues of pairs) {
    const plain = table('virtio-net-device', [...head, ...queues, ...netOffloads(features)]);
    const at = start + vmsdSize(plain)!;
    if (at === end) return plain;
    const state = at < end ? { ...plain, subsections: [rssAt(view, at)] } : undefined;
    if (state !== undefined && vmsdSize(state) === end - start) return state;
  }
  return undefined;
}

function rssAt(view: DataView, at: number): VmsdSchema {
  const body = at + subsectionHeaderSize(RSS);
  const version = view.getUint32(body - 4);
  const { fields: known } = netRss(version, []);
  const length = known.findIndex(({ name }) => name === 'rss_data.indirections_len');
  const entries = view.getUint16(body + sizeOf(known.slice(0, length)));
  return netRss(version, entries === 0 ? [] : [array('rss_data.indirections_table', 'uint16', 2, entries)]);
}
