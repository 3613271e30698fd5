// Explanations of what QEMU says about device state.

import type { Cure } from '../../base/hint.js';
import {
  AGAIN,
  around,
  cut,
  DAMAGED,
  damaged,
  EDIT_DEVICE,
  explanations,
  OTHER_OPTIONS,
  row,
  SAME_ARGV,
  SAME_OPTIONS,
  VERIFY,
} from './row.js';

const SAME_MACHINE = 'the same versioned machine type on both sides';
const RING_CAUSES = [
  'the index was read from a shifted payload: the device has another layout here (vectors=, queues, another release)',
  'a bug of the device at the source, which saved an index that does not fit its ring',
  'only where shared memory was left out (x-ignore-shared): another VM mapped the memory file with share=on',
];
const RING_CURES: readonly Cure[] = [
  'the same options of that device and the machine type of the source',
  'for a template: share=off for all clones',
  { code: 'verify-template' },
];
const OTHER_NETWORK = 'another kind of -netdev: only a tap with vnet_hdr=on and the like can do it';
const SAME_NETWORK = ['the same kind of -netdev on both sides'];
const PAUSED: Cure = { code: 'drop-globalstate' };

export const deviceExplanations = explanations({
  'version-too-new': row(
    '{vmsd} has version {received} in the stream; this QEMU knows up to {local}.',
    ['the source is a newer QEMU', DAMAGED],
    ['the same or a newer QEMU', SAME_MACHINE, EDIT_DEVICE],
  ),
  'version-too-old': row(
    '{vmsd} has version {received} in the stream; this QEMU wants {local} at least.',
    ['the source is too old for this QEMU'],
    ['a QEMU in between: load, and save again', SAME_MACHINE],
  ),
  'field-failed': around(
    'It happened at field {field} of {vmsd}.',
    'the line before; if there is none, an unknown subsection or a cut stream',
  ),
  'element-failed': around('It happened at field {field}, of type {type}.'),
  'stream-error': row(
    'The stream ends inside {vmsd}.',
    ['the device has more fields here than at the source', DAMAGED],
    [SAME_ARGV, VERIFY],
  ),
  'input-validation': row('{field} of {vmsd} is out of its range.', [OTHER_OPTIONS, DAMAGED], [SAME_ARGV]),
  'unknown-subsection': row(
    'The stream has {subsection}, which this QEMU does not know.',
    ['the source is a newer QEMU, or a newer machine type'],
    [{ code: 'drop-subsection', subsection: '{subsection}' }, SAME_MACHINE],
  ),
  'subsection-failed': around('It happened in the subsection {subsection}.', 'what stands behind it'),
  'post-load-failed': around('{vmsd} was read, and does not fit the destination.', 'what stands behind it'),
  'post-load-ret': row(
    '{vmsd} was read, and does not fit the destination (its function returned {errno}).',
    [OTHER_OPTIONS],
    [SAME_ARGV],
  ),
  'values-differ': row(
    'A value that must be equal on both sides is not: {local} here, {received} in the stream (hexadecimal).',
    ['an option of the device that changes its layout: queues, ports, vectors, sizes'],
    [SAME_ARGV, { code: 'set-field' }],
  ),
  'value-too-large': row(
    'A value of at most {local} is {received} in the stream.',
    ['a newer source', DAMAGED],
    [SAME_MACHINE],
  ),
  'no-null-marker': row(
    'A pointer that is NULL here was not at the source, or the other way round.',
    [OTHER_OPTIONS],
    [SAME_ARGV],
  ),
  'tree-inconsistent': damaged('The tree {field} has another number of nodes than it says.'),
  'pci-config-data': row(
    "Byte 0x{at} of a PCI device's configuration space is fixed, and differs: {read} in the stream, {device} here (hexadecimal).",
    [
      '0x98 to 0x9a and the like: the size of the MSI-X table, so vectors= differs (or its default, in another release)',
      '0x0 to 0x3: another device',
      '0x10 to 0x27: a BAR of another size',
      '0x34 and above: another set of capabilities (disable-modern=, the machine type)',
    ],
    [
      'vectors= of that device as at the source: from 5.2 or older to 7.2 and later virtio-net-pci,vectors=3 and virtio-rng-pci,vectors=0; from 7.2 or older to 10.0 and later virtio-balloon-pci,vectors=0',
      SAME_ARGV,
    ],
  ),
  'pci-irq-state': damaged('An interrupt line of a PCI device is {level}; only 0 and 1 exist.'),
  'virtio-features': row(
    'The guest uses virtio features that this device does not offer: {missing}.',
    [
      'an older QEMU, an older machine type, or a feature switched off at the destination',
      'another backend (vhost, tap without vnet_hdr)',
    ],
    [
      "at the destination switch them on at that device, by the option in brackets; or off at the source before the guest's driver starts",
      SAME_MACHINE,
    ],
  ),
  'virtio-queue-count': row(
    'The device has 0x{received} queues in the stream, which is impossible.',
    ['an MSI-X state that one side lacks shifts everything behind it: vectors= differs', DAMAGED],
    ['vectors= of that device as at the source'],
  ),
  'virtio-ring-size': row(
    'Queue {queue} has {received} entries in the stream, and {maximum} at most here.',
    ['the default of queue-size= differs: QEMU up to 10 made every virtio queue 1024 entries long, 11.1 does not'],
    [
      'queue-size={received} of that device at the destination (virtio-blk; virtio-net: rx_queue_size=, tx_queue_size=, whose transmit queue cannot be above 256 with some backends)',
    ],
  ),
  'virtio-queue-size': row(
    'Queue {queue}: what the ring in guest memory says and what the state says do not fit.',
    RING_CAUSES,
    RING_CURES,
  ),
  'virtio-host-index': row(
    "Queue {queue}: the guest's index 0x{guest} and the host's 0x{host} do not fit.",
    RING_CAUSES,
    RING_CURES,
  ),
  'virtio-ring-address': damaged('Queue {queue} has no address, but an index.'),
  'virtio-net-queues': row(
    'The guest uses 0x{received} pairs of queues, the device has 0x{maximum}.',
    ['queues= of the netdev, or mq=, differs'],
    ['the same queues= and mq=on'],
  ),
  'virtio-net-headers': row(
    'At the source the network behind the card took headers with offloads, here it does not.',
    [OTHER_NETWORK],
    SAME_NETWORK,
  ),
  'virtio-net-fragments': row(
    'At the source the network behind the card took UDP fragments (TUN_F_UFO), here it does not.',
    [OTHER_NETWORK, 'another kernel of the host'],
    SAME_NETWORK,
  ),
  'virtio-net-hashes': damaged(
    "A network card's table for receive-side scaling has {entries} entries: it must be a power of two up to 128.",
  ),
  'bitmap-granularity': row(
    'Only a remark: the dirty bitmap {bitmap} has another granularity here, and is dropped.',
    [],
    ['remove the bitmap at the destination before'],
  ),
  'bitmap-exists': row(
    'The dirty bitmap {bitmap} is there already.',
    ['it was created at the destination, or loaded from the image'],
    ['remove it there before (block-dirty-bitmap-remove)'],
  ),
  'bitmap-flags': damaged('A dirty bitmap has unknown flags (0x{flags}).', 'a newer source'),
  'bitmap-node': row(
    'The stream has dirty bitmaps for {node}, and no such block device is here.',
    ['other node names or ids'],
    ['the same node-name= or id=, or block-bitmap-mapping'],
  ),
  'bitmap-no-node': row('Only a remark: a dirty bitmap of no disk, which is left out.', [DAMAGED], ['none needed']),
  'bitmap-unknown': row(
    'Only a remark: more of the dirty bitmap {bitmap} of {node}, which never began.',
    [DAMAGED],
    ['none needed'],
  ),
  'bitmap-node-unreadable': cut('the name of a disk with a dirty bitmap, or the name is empty'),
  'bitmap-name-unreadable': cut('the name of a dirty bitmap, or the name is empty'),
  'bitmap-too-large': damaged('A piece of a dirty bitmap is longer than any.'),
  'bitmap-bits-unreadable': cut('a dirty bitmap'),
  'runstate-unknown': row(
    'The run state "{state}" is none that this QEMU knows.',
    ['a newer source', DAMAGED],
    [PAUSED],
  ),
  'runstate-transition': row(
    'The source was in run state {state}, in which no VM can be loaded: QEMU ends itself.',
    ['the state was saved while another save or load went on', DAMAGED],
    [PAUSED],
  ),
  'cpu-fpregs': damaged('The FPU state is of a form that no QEMU of today writes.'),
  'cpu-guest-mode': row(
    'The CPU was running a nested guest, and the state of that is missing.',
    ['a source whose kernel could not save nested state'],
    ['stop nested guests before saving'],
  ),
  'serial-empty': damaged('A serial port says that its transmitter is empty and busy.'),
  'serial-not-empty': damaged('A serial port says that its transmitter is neither empty nor busy.'),
  'ahci-dma': row('An AHCI port is off and its DMA engine is not.', [DAMAGED], [SAME_OPTIONS, AGAIN]),
  'ahci-fis': row('An AHCI port is off and its receiver is not.', [DAMAGED], [SAME_OPTIONS, AGAIN]),
});
