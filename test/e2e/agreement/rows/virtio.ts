// Rows: virtio. Features that are offered and those that are not, in each of the words that a guest's may stand in;
// queues; what the devices themselves write. Imports its own folder.

import type { Anatomy } from '../anatomy.js';
import {
  be16,
  be32,
  be64,
  counted,
  field,
  full,
  headerOf,
  hex,
  insert,
  join,
  put,
  set,
  text,
  u8,
  type Patch,
} from '../patch.js';
import { rowsOf, type Row } from '../row.js';

const blk = '0000:00:03.0/virtio-blk.virtio';
const net = '0000:00:02.0/virtio-net.virtio';
const wide = 'virtio/64bit_features.guest_features';
/** VIRTIO_F_VERSION_1. */
const MODERN = 1n << 32n;
const FLUSH = 1n << 9n;
const DISCARD = 1n << 13n;
const STATUS = 1n << 16n;
const RING_PACKED = 1n << 34n;

/** Bytes between a field of a device and what follows it. */
const behind =
  (path: string, ...parts: readonly Uint8Array[]) =>
  (a: Anatomy): Patch[] => [insert(field(a, path).end, ...parts)];
const all = (...changes: readonly ((a: Anatomy) => readonly Patch[])[]) => ({
  mutate: (a: Anatomy): Patch[] => changes.flatMap((change) => change(a)),
});

/** QEMU: vmstate_virtio_net_rss. */
const rss = (version: number, entries: number): Uint8Array =>
  join(
    hex('05'),
    counted('virtio-net-device/rss'),
    be32(version),
    hex('010000'),
    new Uint8Array(4 * version),
    be16(entries),
    be16(0),
    new Uint8Array(40),
    new Uint8Array(2 * entries),
  );

const common = rowsOf('virtio', 'q35-devices', {
  'as it was': {},
  'a feature that no device has': set(`${blk}.guest_features_lo`, be32(0x00800000)),
  'a feature that it has': set(`${blk}.guest_features_lo`, be32(0x00000200)),
  'all features': set(`${net}.guest_features_lo`, be32(0xffffffff)),
  'queue too long': set(`${blk}.queues[0].num`, be32(2048)),
  'queue much too long': set(`${net}.queues[1].num`, be32(0x10000)),
  'queue shorter': set(`${blk}.queues[0].num`, be32(64)),
  'queue of 0': set(`${blk}.queues[0].num`, be32(0)),
  'more queues than any device': set(`${net}.queue_count`, be32(2000)),
  'fewer queues': set(`${net}.queue_count`, be32(2)),
  'index without a queue': set(`${blk}.queues[0].last_avail_idx`, be16(5)),
  'longer configuration': set(`${blk}.config_len`, be32(61)),
  'shorter configuration': set(`${blk}.config_len`, be32(59)),
  'config_vector out of range': set(`${net}.config_vector`, be16(77)),
  'status 0x80': set(`${blk}.status`, u8(0x80)),
  'queue_sel out of range': set(`${blk}.queue_sel`, be16(0xffff)),
  'vector out of range': set(`${blk}.queues[0].vector`, be16(77)),
  'device version 1': { mutate: (a) => [put(headerOf(full(a, '0000:00:03.0/virtio-blk')).version, be32(1))] },
  'device version 3': { mutate: (a) => [put(headerOf(full(a, '0000:00:03.0/virtio-blk')).version, be32(3))] },
  'net: MAC': set(`${net}.device.mac[5]`, u8(0xff)),
  'net: more MAC filters than room': set(`${net}.device.mac_table.in_use`, be32(65)),
  'mmio: a feature that no device has': {
    base: 'microvm',
    ...set('virtio-mmio@*/virtio-rng.virtio.guest_features_lo', be32(0x00800000)),
  },
  'mmio: queue too long': { base: 'microvm', ...set('virtio-mmio@*/virtio-rng.virtio.queues[0].num', be32(0x8000)) },
});

const features = rowsOf('virtio', 'q35-devices', {
  'a modern disk: features that it offers': set(`${blk}.${wide}`, be64(MODERN | FLUSH | DISCARD)),
  'a modern disk: one that it does not offer': set(`${blk}.${wide}`, be64(MODERN | FLUSH | RING_PACKED)),
  'a modern disk: one that no device has': set(`${blk}.${wide}`, be64(MODERN | (1n << 45n))),
  'a modern disk: one that is switched off at the destination': {
    ...set(`${blk}.${wide}`, be64(MODERN | DISCARD)),
    on: { argv: (argv) => argv.map((word) => (word.startsWith('virtio-blk-pci') ? `${word},discard=off` : word)) },
  },
  'a modern card: features that it offers': set(`${net}.${wide}`, be64(MODERN | STATUS)),
  'a modern card: one that needs a network with headers': set(`${net}.${wide}`, be64(MODERN | 1n)),
  'a modern card: all': set(`${net}.${wide}`, be64(-1n)),
  'a modern card: more than 64 bits': {
    mutate: (a) => [
      insert(
        field(a, `${net}.virtio/64bit_features`).start,
        hex('05'),
        counted('virtio/128bit_features'),
        be32(1),
        be64(2),
      ),
    ],
  },
});

const legacy = rowsOf('virtio', 'virtio-legacy', {
  'a legacy disk: features that it offers': set('*/virtio-blk.virtio.guest_features_lo', be32(Number(FLUSH))),
  'a legacy disk: one that it does not offer': set(
    '*/virtio-blk.virtio.guest_features_lo',
    be32(Number(FLUSH) | 0x00800000),
  ),
  'a legacy disk: a word that it does not look at': {
    mutate: (a) => [
      insert(
        full(a, '0000:00:02.0/virtio-blk').payload.end,
        hex('05'),
        counted('virtio/64bit_features'),
        be32(1),
        be64(MODERN),
      ),
    ],
  },
  'a legacy card: features that it offers': set('*/virtio-net.virtio.guest_features_lo', be32(Number(STATUS))),
  'a legacy card: one that it does not offer': set('*/virtio-net.virtio.guest_features_lo', be32(1)),
  'a legacy card: offloads without their word': set('*/virtio-net.virtio.guest_features_lo', be32(1 << 2)),
  'a legacy card: offloads': all(
    set('*/virtio-net.virtio.guest_features_lo', be32(1 << 2)).mutate,
    behind('*/virtio-net.virtio.device', be64(0)),
  ),
});

const card = rowsOf('virtio', 'q35-devices', {
  'net: one queue': set(`${net}.queue_count`, be32(1)),
  'net: no queue': set(`${net}.queue_count`, be32(0)),
  'net: a queue too many': set(`${net}.queue_count`, be32(4)),
  'net: MAC filters': all(
    set(`${net}.device.mac_table.in_use`, be32(3)).mutate,
    behind(`${net}.device.mac_table.in_use`, new Uint8Array(18)),
  ),
  'net: MAC filters that are not there': set(`${net}.device.mac_table.in_use`, be32(64)),
  'net: more MAC filters than room, and all there': all(
    set(`${net}.device.mac_table.in_use`, be32(65)).mutate,
    behind(`${net}.device.mac_table.in_use`, new Uint8Array(390)),
  ),
  'net: MAC filters without end': set(`${net}.device.mac_table.in_use`, be32(0xffffffff)),
  'net: headers that the network does not take': set(`${net}.device.has_vnet_hdr`, be32(1)),
  'net: fragments that the network does not take': set(`${net}.device.has_ufo`, u8(1)),
  'net: hashes': { mutate: behind(`${net}.device`, rss(1, 128)) },
  'net: hashes of version 2': { mutate: behind(`${net}.device`, rss(2, 128)) },
  'net: hashes of version 3': { mutate: behind(`${net}.device`, rss(3, 128)) },
  'net: a table of hashes that is too long': { mutate: behind(`${net}.device`, rss(1, 129)) },
  'net: a subsection that no card has': {
    mutate: behind(`${net}.device`, hex('05'), counted('virtio-net-device/x'), be32(1)),
  },
  'net: cut in the filters': {
    mutate: (a) => [
      { span: { start: field(a, `${net}.device.vlans`).start + 9, end: a.bytes.length }, bytes: text('') },
    ],
  },
});

export const virtioRows: readonly Row[] = [...common, ...features, ...legacy, ...card];
