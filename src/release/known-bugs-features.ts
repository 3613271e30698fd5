// Virtio features that a release began to offer: a guest that has taken one is refused where it is not offered. See
// known-bugs.ts. Each feature is switched by an option; the machine type of the older release switches it off.

import { vmsdNameOf } from '../base/idstr.js';
import type { KnownBugRow } from './known-bug-row.js';

/** Are these bits among the features that the guest has and the device lacks? */
function lacks(words: string, bits: readonly number[]): boolean {
  const match = /Features 0x([0-9a-f]+) unsupported\. Allowed features: 0x([0-9a-f]+)/.exec(words);
  if (match === null) return false;
  const missing = BigInt(`0x${match[1]!}`) & ~BigInt(`0x${match[2]!}`);
  return bits.some((bit) => ((missing >> BigInt(bit)) & 1n) === 1n);
}

const is = (device: string, name: RegExp): boolean => name.test(vmsdNameOf(device));

export const featureBugs: readonly KnownBugRow[] = [
  {
    id: 'uso-from-kernel',
    what: 'virtio-net offers UDP segmentation (USO) as the tap of the host has it, so a guest that took it is refused on a host with an older kernel',
    releases: '8.2 and later',
    cure: 'host_uso=off,guest_uso4=off,guest_uso6=off at that device of the source, before the guest starts',
    source: 'commits 53da8b5a99 and 2ab0ec3121 (8.2), hw/net/virtio-net.c:virtio_net_get_features',
    says: (words, device) => is(device, /^virtio-net$|^$/) && lacks(words, [54, 55, 56]),
  },
  {
    id: 'uso-machine-8.1',
    what: 'machine types 8.1 offered USO in the first releases that have it, and do not since: a guest saved by one is refused by the other',
    releases: 'machine types 8.1 of 8.2 and 9.0, to 8.1 and to 9.1 and later',
    cure: 'host_uso=on,guest_uso4=on,guest_uso6=on at the destination where the guest has it',
    source: 'hw/core/machine.c:hw_compat_8_1 (moved from hw_compat_8_0; fixes 53da8b5a99)',
    says: (words, device) => is(device, /^virtio-net$|^$/) && lacks(words, [54, 55, 56]),
  },
  {
    id: 'ring-reset',
    what: 'since 7.2 virtio devices offer VIRTIO_F_RING_RESET',
    releases: '7.2 and later to 7.1 and older',
    cure: 'queue_reset=off of that device at the source, or the machine type of the older release',
    source: 'hw/core/machine.c:hw_compat_7_1 (queue_reset)',
    says: (words) => lacks(words, [40]),
  },
  {
    id: 'gpu-edid',
    what: 'since 4.1 virtio-gpu offers VIRTIO_GPU_F_EDID',
    releases: '4.1 and later to 4.0 and older',
    cure: 'edid=off of that device at the source, or the machine type of the older release',
    source: 'commit 0a71966253c8; hw/core/machine.c:hw_compat_4_0 (edid)',
    says: (words, device) => is(device, /^virtio-(?:gpu|vga)/) && lacks(words, [1]),
  },
  {
    id: 'blk-discard',
    what: 'since 4.0 virtio-blk offers discard and write-zeroes',
    releases: '4.0 and later to 3.1 and older',
    cure: 'discard=off,write-zeroes=off of that device at the source, or the machine type of the older release',
    source: 'hw/core/machine.c:hw_compat_3_1 (discard, write-zeroes)',
    says: (words, device) => is(device, /^virtio-blk$/) && lacks(words, [13, 14]),
  },
  {
    id: 'blk-queues',
    what: 'since 5.2 virtio-blk has one queue for each CPU, and offers VIRTIO_BLK_F_MQ',
    releases: '5.2 and later to 5.1 and older',
    cure: 'num-queues=1 of that device at the source, or the machine type of the older release',
    source: 'hw/core/machine.c:hw_compat_5_1 (num-queues)',
    says: (words, device) => is(device, /^virtio-blk$/) && lacks(words, [12]),
  },
  {
    id: 'balloon-poison',
    what: 'since 5.1 virtio-balloon offers VIRTIO_BALLOON_F_PAGE_POISON',
    releases: '5.1 and later to 5.0 and older',
    cure: 'page-poison=off of that device at the source, or the machine type of the older release',
    source: 'hw/core/machine.c:hw_compat_5_0 (page-poison)',
    says: (words, device) => is(device, /^virtio-balloon$/) && lacks(words, [4]),
  },
  {
    id: 'vsock-seqpacket',
    what: 'since 6.1 vhost-vsock offers VIRTIO_VSOCK_F_SEQPACKET where the kernel has it',
    releases: '6.1 and later to 6.0 and older, or to a host with an older kernel',
    cure: 'seqpacket=off of that device at the source, or the machine type of the older release',
    source: 'hw/core/machine.c:hw_compat_6_0, hw_compat_6_1 (seqpacket)',
    says: (words, device) => is(device, /vsock$/) && lacks(words, [1]),
  },
  {
    id: 'ring-size-1024',
    what: 'the default length of a virtio queue differs: a ring of 1024 entries is longer than what 11.1 allocates',
    releases: '10.x and older to 11.1',
    cure: 'queue-size=1024 of that device at the destination (virtio-net: rx_queue_size=, tx_queue_size=)',
    source:
      'hw/virtio/virtio.c:virtio_load; the executable of 11.1 has the message, that of 10.0 has not; seen between 10.0.13 and 11.1.3',
    says: (words) => /vring\.num 1024 exceeds allocated max/.test(words),
  },
];
