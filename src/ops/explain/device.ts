// Explanations of what QEMU says about device state. May import its own folder.

import { AGAIN, DAMAGED, explanations, row, SAME_ARGV } from './row.js';

const SAME_MACHINE = 'the same versioned machine type on both sides';

export const deviceExplanations = explanations({
  'version-too-new': row('{vmsd} has version {received} in the stream; this QEMU knows up to {local}.', ['the source is a newer QEMU', DAMAGED], ['the same or a newer QEMU']),
  'version-too-old': row('{vmsd} has version {received} in the stream; this QEMU wants {local} at least.', ['the source is too old for this QEMU'], ['a QEMU in between: load, and save again']),
  'field-failed': row('It happened at field {field} of {vmsd}.', [], ['the reason is in the line before; if there is none, an unknown subsection or a cut stream']),
  'element-failed': row('It happened at field {field}, of type {type}.', [], ['the reason is in the line before']),
  'stream-error': row('The stream ends inside {vmsd}.', ['the device has more fields here than at the source', DAMAGED], [SAME_ARGV, '`mstream verify STATE`']),
  'input-validation': row('{field} of {vmsd} is out of its range.', ['options of the device differ', DAMAGED], [SAME_ARGV]),
  'unknown-subsection': row('The stream has {subsection}, which this QEMU does not know.', ['the source is a newer QEMU, or a newer machine type'], ['`mstream rewrite --drop-subsection {subsection}`, if the guest can do without', SAME_MACHINE]),
  'subsection-failed': row('It happened in the subsection {subsection}.', [], ['the reason stands behind it']),
  'post-load-failed': row('{vmsd} was read, and does not fit the destination.', [], ['the reason stands behind it']),
  'post-load-ret': row('{vmsd} was read, and does not fit the destination (its function returned {errno}).', ['options of the device differ'], [SAME_ARGV]),
  'values-differ': row('A value that must be equal on both sides is not: {local} here, {received} in the stream (hexadecimal).', ['an option of the device that changes its layout: queues, ports, vectors, sizes'], [SAME_ARGV]),
  'value-too-large': row('A value of at most {local} is {received} in the stream.', ['a newer source', DAMAGED], [SAME_MACHINE]),
  'no-null-marker': row('A pointer that is NULL here was not at the source.', ['options of the device differ'], [SAME_ARGV]),
  'pci-config-data': row(
    'Byte 0x{at} of a PCI device\'s configuration space is fixed, and differs: {read} in the stream, {device} here (hexadecimal).',
    ['0x98 to 0x9a and the like: the size of the MSI-X table, so vectors= differs (or its default, in another release)', '0x0 to 0x3: another device', '0x34 and above: another set of capabilities'],
    ['vectors= of that device as at the source: from 5.2 or older to 7.2 and later virtio-net-pci,vectors=3 and virtio-rng-pci,vectors=0; from 7.2 or older to 10.0 and later virtio-balloon-pci,vectors=0', SAME_ARGV],
  ),
  'virtio-features': row('The guest uses virtio features that this device does not offer.', ['an older QEMU, an older machine type, or a feature switched off at the destination', 'another backend (vhost, tap without vnet_hdr)'], ['switch the same features on at the destination, or off at the source before the guest\'s driver starts']),
  'virtio-queue-count': row('The device has 0x{received} queues in the stream, which is impossible.', ['an MSI-X state that one side lacks shifts everything behind it: vectors= differs', DAMAGED], ['vectors= of that device as at the source']),
  'virtio-ring-size': row('Queue {queue} has {received} entries in the stream, and {maximum} at most here.', ['the default of queue-size= differs: QEMU up to 10 made every virtio queue 1024 entries long, 11.1 does not'], ['queue-size={received} of that device at the destination (virtio-blk; virtio-net: rx_queue_size=, tx_queue_size=, whose transmit queue cannot be above 256 with some backends)']),
  'virtio-queue-size': row('Queue {queue}: what the ring in guest memory says and what the state says do not fit.', ['the memory is not the one that this state was saved with: another VM mapped the file with share=on'], ['`mstream verify TEMPLATE` compares both', 'share=off for all clones']),
  'virtio-host-index': row('Queue {queue}: the guest\'s index 0x{guest} and the host\'s 0x{host} do not fit.', ['the memory is not the one that this state was saved with'], ['`mstream verify TEMPLATE` compares both', 'share=off for all clones']),
  'virtio-ring-address': row('Queue {queue} has no address, but an index.', [DAMAGED], [AGAIN]),
  'virtio-net-queues': row('The guest uses 0x{received} pairs of queues, the device has 0x{maximum}.', ['queues= of the netdev, or mq=, differs'], ['the same queues= and mq=on']),
  'bitmap-granularity': row('Only a remark: the dirty bitmap {bitmap} has another granularity here, and is dropped.', [], ['remove the bitmap at the destination before']),
  'bitmap-exists': row('The dirty bitmap {bitmap} is there already.', ['it was created at the destination, or loaded from the image'], ['remove it there before']),
  'bitmap-node': row('The stream has dirty bitmaps for {node}, and no such block device is here.', ['other node names or ids'], ['the same node-name= or id=, or block-bitmap-mapping']),
  'globalstate-unknown': row('The run state {state} is none that this QEMU knows.', [DAMAGED], [AGAIN]),
});
