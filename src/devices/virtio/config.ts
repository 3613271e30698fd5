// The configuration space of each virtio device, little-endian since virtio 1.0, by the name of the device's table.
// From the virtio standard and linux/virtio_*.h.

import type { FieldSchema } from '../../vmstate/index.js';
import { array, le16, le32, le64, numberedOpaque, numberedReserved, sizeOf, u8 } from '../rule.js';

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

/** The first `length` bytes of a device's configuration space; bytes behind the known fields are opaque. */
export function configFields(vmsd: string, length: number): FieldSchema[] {
  const fields: FieldSchema[] = [];
  let at = 0;
  for (const field of configs[vmsd] ?? []) {
    const size = sizeOf([field]);
    if (at + size > length) {
      // Offered as far as its features need it; text and bitmaps are as long as there is room.
      if (field.size === 1 && field.count !== undefined && at < length) {
        fields.push({ ...field, count: length - at });
        at = length;
      }
      break;
    }
    fields.push(field);
    at += size;
  }
  if (at === length) return fields;
  // The tag behind tag_len is text.
  const rest =
    vmsd === 'virtio-9p'
      ? array('tag', 'uint8', 1, length - at)
      : numberedOpaque('more', 'uint8', 1, length - at, `behind the known configuration of ${vmsd}`);
  return [...fields, rest];
}
