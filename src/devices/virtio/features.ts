// virtio feature bits: their names by device, and which of them mean something to a reader of states. From the virtio
// standard and linux/virtio_*.h.

import { findInDevice, type Branch, type DeviceState, type FieldNode } from '../../vmstate/index.js';
import { childNamed, integerOf } from '../values.js';

/** Bits 24 to 41 mean the same for every device. */
const common: Readonly<Record<number, string>> = {
  24: 'VIRTIO_F_NOTIFY_ON_EMPTY',
  27: 'VIRTIO_F_ANY_LAYOUT',
  28: 'VIRTIO_RING_F_INDIRECT_DESC',
  29: 'VIRTIO_RING_F_EVENT_IDX',
  30: 'VIRTIO_F_BAD_FEATURE',
  32: 'VIRTIO_F_VERSION_1',
  33: 'VIRTIO_F_IOMMU_PLATFORM',
  34: 'VIRTIO_F_RING_PACKED',
  35: 'VIRTIO_F_IN_ORDER',
  36: 'VIRTIO_F_ORDER_PLATFORM',
  37: 'VIRTIO_F_SR_IOV',
  38: 'VIRTIO_F_NOTIFICATION_DATA',
  39: 'VIRTIO_F_NOTIF_CONFIG_DATA',
  40: 'VIRTIO_F_RING_RESET',
  41: 'VIRTIO_F_ADMIN_VQ',
};

const devices: Readonly<Record<string, { readonly prefix: string; readonly bits: Readonly<Record<number, string>> }>> =
  {
    'virtio-net': {
      prefix: 'VIRTIO_NET_F_',
      bits: {
        0: 'CSUM',
        1: 'GUEST_CSUM',
        2: 'CTRL_GUEST_OFFLOADS',
        3: 'MTU',
        5: 'MAC',
        6: 'GSO',
        7: 'GUEST_TSO4',
        8: 'GUEST_TSO6',
        9: 'GUEST_ECN',
        10: 'GUEST_UFO',
        11: 'HOST_TSO4',
        12: 'HOST_TSO6',
        13: 'HOST_ECN',
        14: 'HOST_UFO',
        15: 'MRG_RXBUF',
        16: 'STATUS',
        17: 'CTRL_VQ',
        18: 'CTRL_RX',
        19: 'CTRL_VLAN',
        20: 'CTRL_RX_EXTRA',
        21: 'GUEST_ANNOUNCE',
        22: 'MQ',
        23: 'CTRL_MAC_ADDR',
        51: 'DEVICE_STATS',
        52: 'VQ_NOTF_COAL',
        53: 'NOTF_COAL',
        54: 'GUEST_USO4',
        55: 'GUEST_USO6',
        56: 'HOST_USO',
        57: 'HASH_REPORT',
        59: 'GUEST_HDRLEN',
        60: 'RSS',
        61: 'RSC_EXT',
        62: 'STANDBY',
        63: 'SPEED_DUPLEX',
      },
    },
    'virtio-blk': {
      prefix: 'VIRTIO_BLK_F_',
      bits: {
        0: 'BARRIER',
        1: 'SIZE_MAX',
        2: 'SEG_MAX',
        4: 'GEOMETRY',
        5: 'RO',
        6: 'BLK_SIZE',
        7: 'SCSI',
        9: 'FLUSH',
        10: 'TOPOLOGY',
        11: 'CONFIG_WCE',
        12: 'MQ',
        13: 'DISCARD',
        14: 'WRITE_ZEROES',
        16: 'SECURE_ERASE',
        17: 'ZONED',
      },
    },
    'virtio-scsi': { prefix: 'VIRTIO_SCSI_F_', bits: { 0: 'INOUT', 1: 'HOTPLUG', 2: 'CHANGE', 3: 'T10_PI' } },
    'virtio-console': { prefix: 'VIRTIO_CONSOLE_F_', bits: { 0: 'SIZE', 1: 'MULTIPORT', 2: 'EMERG_WRITE' } },
    'virtio-balloon': {
      prefix: 'VIRTIO_BALLOON_F_',
      bits: {
        0: 'MUST_TELL_HOST',
        1: 'STATS_VQ',
        2: 'DEFLATE_ON_OOM',
        3: 'FREE_PAGE_HINT',
        4: 'PAGE_POISON',
        5: 'REPORTING',
      },
    },
    'virtio-gpu': {
      prefix: 'VIRTIO_GPU_F_',
      bits: { 0: 'VIRGL', 1: 'EDID', 2: 'RESOURCE_UUID', 3: 'RESOURCE_BLOB', 4: 'CONTEXT_INIT' },
    },
    'virtio-iommu': {
      prefix: 'VIRTIO_IOMMU_F_',
      bits: {
        0: 'INPUT_RANGE',
        1: 'DOMAIN_RANGE',
        2: 'MAP_UNMAP',
        3: 'BYPASS',
        4: 'PROBE',
        5: 'MMIO',
        6: 'BYPASS_CONFIG',
      },
    },
    'virtio-mem': {
      prefix: 'VIRTIO_MEM_F_',
      bits: { 0: 'ACPI_PXM', 1: 'UNPLUGGED_INACCESSIBLE', 2: 'PERSISTENT_SUSPEND' },
    },
    'virtio-vhost_vsock': { prefix: 'VIRTIO_VSOCK_F_', bits: { 0: 'STREAM', 1: 'SEQPACKET', 2: 'NO_IMPLIED_STREAM' } },
    'virtio-9p': { prefix: 'VIRTIO_9P_F_', bits: { 0: 'MOUNT_TAG' } },
  };

/** The name of a feature bit of that device (`virtio-net`, `virtio-blk` …), or `bit N`. */
export function featureName(device: string, bit: number): string {
  const known = devices[device];
  const name = known?.bits[bit];
  return name === undefined ? (common[bit] ?? `bit ${bit}`) : known!.prefix + name;
}

/** Names of the bits that are set, lowest first. */
export function featureNames(device: string, features: bigint): string[] {
  const names: string[] = [];
  for (let bit = 0, left = BigInt.asUintN(128, features); left !== 0n; bit += 1, left >>= 1n)
    if ((left & 1n) === 1n) names.push(featureName(device, bit));
  return names;
}

/** Features with which QEMU refuses queues that are longer than its own, of every release. */
export const PACKED_OR_IN_ORDER = (1n << 34n) | (1n << 35n);

/**
 * What virtio-net offers only where its peer takes a header with offloads: CSUM, TSO, ECN, UFO, USO, hashes, tunnels.
 * QEMU: virtio_net_get_features(), hw/net/virtio-net.c.
 */
export const NET_OFFLOADS = [0, 1, 7, 8, 9, 10, 11, 12, 13, 14, 54, 55, 56, 57, 60, 65, 66, 67, 68].reduce(
  (bits, bit) => bits | (1n << BigInt(bit)),
  0n,
);

/** Reserved: bits 24 to 49 are those of transport and queues, of which this one is the last. */
const WIDE_UNKNOWN = 1n << 49n;
/** The same for a device that offers none above bit 31, where QEMU looks at no more. */
const NARROW_UNKNOWN = 0x8000_0000n;

/** The features that the guest has taken, of the tree of a virtio state; 0 where it says nothing. */
export function negotiatedFeatures(virtio: Branch): bigint {
  const low = integerAt(virtio, 'guest_features_lo') ?? 0n;
  const wide = integerAt(virtio, 'virtio/64bit_features', 'guest_features') ?? low;
  const high = integerAt(virtio, 'virtio/128bit_features', 'guest_features_ex[1]') ?? 0n;
  return low | wide | (high << 64n);
}

/** The payload of a device with a feature that no device offers as the only one that its guest has taken. */
export function withUnknownFeature(state: DeviceState): Uint8Array {
  const bytes = state.bytes.slice();
  const view = new DataView(bytes.buffer);
  const [wide] = findInDevice(state, '*.virtio/64bit_features.guest_features');
  const [narrow] = findInDevice(state, '*.guest_features_lo');
  if (wide !== undefined) view.setBigUint64(wide.start, WIDE_UNKNOWN);
  else if (narrow !== undefined) view.setUint32(narrow.start, Number(NARROW_UNKNOWN));
  return bytes;
}

function integerAt(node: Branch, ...path: readonly string[]): bigint | undefined {
  let at: FieldNode | undefined = node;
  for (const name of path) at = childNamed(at, name);
  return at === undefined ? undefined : integerOf(at);
}
