// What each virtio device adds to the common state: its configuration space (little-endian since virtio 1.0) and its
// own part of the stream. Keyed by the name of the device's table. A part that does not come out exactly is given up.
// QEMU: vmstate_virtio_net_device, hw/net/virtio-net.c; virtio_blk_save_device(), hw/block/virtio-blk.c;
// virtio_serial_save_device(), hw/char/virtio-serial-bus.c; vmstate_virtio_balloon_device, hw/virtio/virtio-balloon.c;
// vmstate_virtio_mem_device, hw/virtio/virtio-mem.c.

import { subsectionHeaderSize, vmsdSize, type FieldSchema, type VmsdSchema } from '../schema.js';
import { array, field, numberedOpaque, numberedReserved, opaque, structs, table } from './rule.js';

const u8 = (name: string): FieldSchema => field(name, 'uint8', 1);
const le16 = (name: string): FieldSchema => field(name, 'le16', 2);
const le32 = (name: string): FieldSchema => field(name, 'le32', 4);
const le64 = (name: string): FieldSchema => field(name, 'le64', 8);

const RESERVED = 'reserved by the virtio standard';

const configs: Readonly<Record<string, readonly FieldSchema[]>> = {
  'virtio-net': [
    array('mac', 'uint8', 1, 6),
    le16('status'),
    le16('max_virtqueue_pairs'),
    le16('mtu'),
    le32('speed'),
    u8('duplex'),
    u8('rss_max_key_size'),
    le16('rss_max_indirection_table_length'),
    le32('supported_hash_types'),
  ],
  'virtio-blk': [
    le64('capacity'),
    le32('size_max'),
    le32('seg_max'),
    le16('cylinders'),
    u8('heads'),
    u8('sectors'),
    le32('blk_size'),
    u8('physical_block_exp'),
    u8('alignment_offset'),
    le16('min_io_size'),
    le32('opt_io_size'),
    u8('wce'),
    u8('unused'),
    le16('num_queues'),
    le32('max_discard_sectors'),
    le32('max_discard_seg'),
    le32('discard_sector_alignment'),
    le32('max_write_zeroes_sectors'),
    le32('max_write_zeroes_seg'),
    u8('write_zeroes_may_unmap'),
    numberedReserved('unused_1', 'uint8', 1, 3, RESERVED),
    le32('max_secure_erase_sectors'),
    le32('max_secure_erase_seg'),
    le32('secure_erase_sector_alignment'),
  ],
  'virtio-scsi': [
    le32('num_queues'),
    le32('seg_max'),
    le32('max_sectors'),
    le32('cmd_per_lun'),
    le32('event_info_size'),
    le32('sense_size'),
    le32('cdb_size'),
    le16('max_channel'),
    le16('max_target'),
    le32('max_lun'),
  ],
  'virtio-console': [le16('cols'), le16('rows'), le32('max_nr_ports'), le32('emerg_wr')],
  'virtio-balloon': [le32('num_pages'), le32('actual'), le32('free_page_hint_cmd_id'), le32('poison_val')],
  'virtio-input': [
    u8('select'),
    u8('subsel'),
    u8('size'),
    numberedReserved('reserved', 'uint8', 1, 5, RESERVED),
    array('data', 'uint8', 1, 128),
  ],
  'virtio-gpu': [
    le32('events_read'),
    le32('events_clear'),
    le32('num_scanouts'),
    le32('num_capsets'),
    le32('blob_alignment'),
  ],
  'virtio-iommu': [
    le64('page_size_mask'),
    le64('input_range.start'),
    le64('input_range.end'),
    le32('domain_range.start'),
    le32('domain_range.end'),
    le32('probe_size'),
    u8('bypass'),
    numberedReserved('reserved', 'uint8', 1, 3, RESERVED),
  ],
  'virtio-mem': [
    le64('block_size'),
    le16('node_id'),
    numberedReserved('padding', 'uint8', 1, 6, RESERVED),
    le64('addr'),
    le64('region_size'),
    le64('usable_region_size'),
    le64('plugged_size'),
    le64('requested_size'),
  ],
  'virtio-pmem': [le64('start'), le64('size')],
  'virtio-vhost_vsock': [le64('guest_cid')],
  'vhost-vsock': [le64('guest_cid')],
  'virtio-9p': [le16('tag_len')],
};

/** The first `length` bytes of a device's configuration space; what is past the known ones is opaque. */
export function configFields(vmsd: string, length: number): FieldSchema[] {
  const fields: FieldSchema[] = [];
  let at = 0;
  for (const one of configs[vmsd] ?? []) {
    const size = one.size! * (one.count ?? 1);
    // Offered as far as its features need it; text and bitmaps are as long as there is room.
    if (at + size > length && one.size === 1 && one.count !== undefined && at < length)
      fields.push({ ...one, count: length - at });
    if (at + size > length) {
      at = fields.at(-1)?.name === one.name ? length : at;
      break;
    }
    fields.push(one);
    at += size;
  }
  // The tag behind tag_len is text.
  if (vmsd === 'virtio-9p' && at < length) fields.push(array('tag', 'uint8', 1, length - at));
  else if (at < length)
    fields.push(numberedOpaque('more', 'uint8', 1, length - at, `behind the known configuration of ${vmsd}`));
  return fields;
}

/** A device's own part, `start` to `end` of the payload. Undefined: not known, or not like this. */
export function deviceFields(
  vmsd: string,
  view: DataView,
  start: number,
  end: number,
  features: number,
): VmsdSchema | undefined {
  const found = devices[vmsd]?.(view, start, end, features);
  return found !== undefined && vmsdSize(found) === end - start ? found : undefined;
}

type OwnPart = (view: DataView, start: number, end: number, features: number) => VmsdSchema | undefined;

const CTRL_GUEST_OFFLOADS = 1 << 2;

/** Without the multi-queue part, with it, and each with and without offloads: whichever comes out. */
const net: OwnPart = (view, start, end, features) => {
  const macs = view.getUint32(start + 18);
  const head: FieldSchema[] = [
    array('mac', 'uint8', 1, 6),
    field('tx_waiting', 'uint32', 4),
    field('mergeable_rx_bufs', 'uint32', 4),
    field('status', 'uint16', 2),
    u8('promisc'),
    u8('allmulti'),
    field('mac_table.in_use', 'uint32', 4),
    ...(macs === 0 ? [] : [array('mac_table.macs', 'uint8', 1, macs * 6)]),
    array('vlans', 'le32', 4, 128),
    field('has_vnet_hdr', 'uint32', 4),
    u8('mac_table.multi_overflow'),
    u8('mac_table.uni_overflow'),
    u8('alluni'),
    u8('nomulti'),
    u8('nouni'),
    u8('nobcast'),
    u8('has_ufo'),
  ];
  const headSize = vmsdSize(table('', head))!;
  const offloads = (features & CTRL_GUEST_OFFLOADS) === 0 ? [] : [field('curr_guest_offloads', 'uint64', 8)];
  const parts: FieldSchema[][] = [[]];
  if (start + headSize + 4 <= end) {
    const current = view.getUint16(start + headSize + 2);
    parts.push([
      field('max_queue_pairs', 'uint16 equal', 2),
      field('curr_queue_pairs', 'uint16', 2),
      ...(current > 1 ? [array('vqs_1', 'uint32', 4, current - 1)] : []),
    ]);
  }
  for (const queues of parts) {
    const fields = [...head, ...queues, ...offloads];
    const plain = table('virtio-net-device', fields);
    const size = vmsdSize(plain)!;
    if (start + size === end) return plain;
    const rss = start + size < end ? netRss(view, start + size) : undefined;
    if (rss !== undefined && vmsdSize({ ...plain, subsections: [rss] }) === end - start)
      return { ...plain, subsections: [rss] };
  }
  return undefined;
};

/** Version 2 (since 10.0) has one word more. */
function netRss(view: DataView, at: number): VmsdSchema | undefined {
  const name = 'virtio-net-device/rss';
  const body = at + subsectionHeaderSize(name);
  const version = view.getUint32(body - 4);
  const words = version >= 2 ? ['runtime_hash_types', 'supported_hash_types'] : ['hash_types'];
  const indirections = view.getUint16(body + 3 + 4 * words.length);
  return table(
    name,
    [
      field('rss_data.enabled', 'bool', 1),
      field('rss_data.redirect', 'bool', 1),
      field('rss_data.populate_hash', 'bool', 1),
      ...words.map((word) => field(`rss_data.${word}`, 'uint32', 4)),
      field('rss_data.indirections_len', 'uint16', 2),
      field('rss_data.default_queue', 'uint16', 2),
      array('rss_data.key', 'uint8', 1, 40),
      ...(indirections === 0 ? [] : [array('rss_data.indirections_table', 'uint16', 2, indirections)]),
    ],
    [],
    version,
  );
}

/** A mark before each request in flight, which is a dump of QEMU's memory; 0 at the end. */
const blk: OwnPart = (view, start, end) => {
  if (view.getUint8(start) === 0) return table('virtio-blk-device', [field('requests_end', 'int8', 1)]);
  return table('virtio-blk-device', [
    opaque('requests', end - start - 1, 'requests in flight, as they stood in memory'),
    field('requests_end', 'int8', 1),
  ]);
};

const serial: OwnPart = (view, start, end) => {
  const maps = Math.ceil(view.getUint32(start + 4) / 32);
  const count = view.getUint32(start + 8 + 4 * maps);
  const head = [
    field('cols', 'uint16', 2),
    field('rows', 'uint16', 2),
    field('max_nr_ports', 'uint32', 4),
    ...(maps === 0 ? [] : [array('ports_map', 'uint32', 4, maps)]),
    field('nr_active_ports', 'uint32', 4),
  ];
  const port = table('virtio-serial port', [
    field('id', 'uint32', 4),
    u8('guest_connected'),
    u8('host_connected'),
    field('elem_popped', 'uint32', 4),
  ]);
  const left = end - start - vmsdSize(table('', head))!;
  if (left === count * 10)
    return table('virtio-serial-device', count === 0 ? head : [...head, structs('ports', port, 10, count)]);
  return left > 0
    ? table('virtio-serial-device', [
        ...head,
        opaque('ports', left, 'a port with a request in flight, as it stood in memory'),
      ])
    : undefined;
};

const balloon: OwnPart = (_view, start, end) => {
  const fields = [field('num_pages', 'uint32', 4), field('actual', 'uint32', 4)];
  const hint = table('virtio-balloon-device/free-page-report', [
    field('free_page_hint_cmd_id', 'uint32', 4),
    field('free_page_hint_status', 'uint32', 4),
  ]);
  const poison = table('virtio-balloon-device/page-poison', [field('poison_val', 'uint32', 4)]);
  return [[], [hint], [poison], [hint, poison]]
    .map((parts) => table('virtio-balloon-device', fields, parts))
    .find((one) => vmsdSize(one) === end - start);
};

const mem: OwnPart = (_view, start, end) => {
  const checks = ['addr', 'region_size', 'block_size'].map((name) => field(`tmp.${name}`, 'uint64', 8));
  const sizes = ['usable_region_size', 'size', 'requested_size'].map((name) => field(name, 'uint64', 8));
  const bitmap = end - start - 52;
  if (bitmap < 8 || bitmap % 8 !== 0) return undefined;
  return table('virtio-mem-device', [
    ...checks,
    field('tmp.node', 'uint32', 4),
    ...sizes,
    field('bitmap', 'bitmap', bitmap),
  ]);
};

const devices: Readonly<Record<string, OwnPart>> = {
  'virtio-net': net,
  'virtio-blk': blk,
  'virtio-console': serial,
  'virtio-balloon': balloon,
  'virtio-mem': mem,
  'virtio-input': () => table('virtio-input-device', [field('active', 'bool', 1)]),
};
