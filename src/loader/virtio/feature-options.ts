// Virtio feature words in an error, as names and as the options of QEMU's devices that switch them.

import { vmsdNameOf } from '../../base/idstr.js';
import { featureNames } from '../../devices/index.js';

/** Options by the name of the feature, without the device's prefix. QEMU: DEFINE_PROP_BIT64 of hw/virtio and hw/net. */
const OPTIONS: Readonly<Record<string, string>> = {
  VIRTIO_RING_F_INDIRECT_DESC: 'indirect_desc',
  VIRTIO_RING_F_EVENT_IDX: 'event_idx',
  VIRTIO_F_NOTIFY_ON_EMPTY: 'notify_on_empty',
  VIRTIO_F_ANY_LAYOUT: 'any_layout',
  VIRTIO_F_IOMMU_PLATFORM: 'iommu_platform',
  VIRTIO_F_RING_PACKED: 'packed',
  VIRTIO_F_RING_RESET: 'queue_reset',
  VIRTIO_F_IN_ORDER: 'in_order',
  VIRTIO_NET_F_CSUM: 'csum',
  VIRTIO_NET_F_GUEST_CSUM: 'guest_csum',
  VIRTIO_NET_F_GSO: 'gso',
  VIRTIO_NET_F_GUEST_TSO4: 'guest_tso4',
  VIRTIO_NET_F_GUEST_TSO6: 'guest_tso6',
  VIRTIO_NET_F_GUEST_ECN: 'guest_ecn',
  VIRTIO_NET_F_GUEST_UFO: 'guest_ufo',
  VIRTIO_NET_F_HOST_TSO4: 'host_tso4',
  VIRTIO_NET_F_HOST_TSO6: 'host_tso6',
  VIRTIO_NET_F_HOST_ECN: 'host_ecn',
  VIRTIO_NET_F_HOST_UFO: 'host_ufo',
  VIRTIO_NET_F_HOST_USO: 'host_uso',
  VIRTIO_NET_F_GUEST_USO4: 'guest_uso4',
  VIRTIO_NET_F_GUEST_USO6: 'guest_uso6',
  VIRTIO_NET_F_GUEST_ANNOUNCE: 'guest_announce',
  VIRTIO_NET_F_MRG_RXBUF: 'mrg_rxbuf',
  VIRTIO_NET_F_STATUS: 'status',
  VIRTIO_NET_F_CTRL_VQ: 'ctrl_vq',
  VIRTIO_NET_F_CTRL_RX: 'ctrl_rx',
  VIRTIO_NET_F_CTRL_VLAN: 'ctrl_vlan',
  VIRTIO_NET_F_CTRL_RX_EXTRA: 'ctrl_rx_extra',
  VIRTIO_NET_F_CTRL_MAC_ADDR: 'ctrl_mac_addr',
  VIRTIO_NET_F_CTRL_GUEST_OFFLOADS: 'ctrl_guest_offloads',
  VIRTIO_NET_F_MQ: 'mq',
  VIRTIO_NET_F_RSS: 'rss',
  VIRTIO_NET_F_HASH_REPORT: 'hash',
  VIRTIO_NET_F_RSC_EXT: 'guest_rsc_ext',
  VIRTIO_BLK_F_SCSI: 'scsi',
  VIRTIO_BLK_F_CONFIG_WCE: 'config-wce',
  VIRTIO_BLK_F_DISCARD: 'discard',
  VIRTIO_BLK_F_WRITE_ZEROES: 'write-zeroes',
  VIRTIO_SCSI_F_HOTPLUG: 'hotplug',
  VIRTIO_SCSI_F_CHANGE: 'param_change',
  VIRTIO_BALLOON_F_DEFLATE_ON_OOM: 'deflate-on-oom',
  VIRTIO_BALLOON_F_FREE_PAGE_HINT: 'free-page-hint',
  VIRTIO_BALLOON_F_PAGE_POISON: 'page-poison',
  VIRTIO_BALLOON_F_REPORTING: 'free-page-reporting',
};

/** Device of an idstr such as `0000:00:03.0/virtio-net`; undefined for what is none of virtio's. */
export function virtioDevice(idstr: string | undefined): string | undefined {
  const name = idstr === undefined ? '' : vmsdNameOf(idstr);
  return name.startsWith('virtio-') ? name : undefined;
}

/** Features that a device lacks, each with the option that switches it where there is one. */
export function missingFeatures(device: string | undefined, missing: bigint): string[] {
  return featureNames(device ?? '', missing).map((name) => {
    const option = OPTIONS[name];
    return option === undefined ? name : `${name} (${option}=)`;
  });
}
