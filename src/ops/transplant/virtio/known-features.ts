// Which features the destination's virtio devices offer, as far as anybody says: the destination that was asked, else
// the donor. QEMU: virtio_net_get_features(), hw/net/virtio-net.c; virtio_get_config_size(), hw/virtio/virtio.c;
// virtio_pci_modern_state_needed(), hw/virtio/virtio-pci.c.

import { vmsdNameOf } from '../../../base/idstr.js';
import type { OfferedFeatures } from '../../../destination/destination.js';
import { negotiatedFeatures } from '../../../devices/virtio/features.js';
import { deviceLabel, findInDevice, type DeviceState } from '../../../vmstate/index.js';
import { deviceKey } from '../../../wire/section.js';
import { integerOf } from '../merge/values.js';
import type { DeviceSection } from '../stream/device-part.js';
import type { KnownFeatures } from './virtio.js';

const ALL = (1n << 128n) - 1n;
const bits = (...list: readonly number[]): bigint => list.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);

const VERSION_1 = bits(32);
/** CSUM, TSO, ECN, UFO in both directions: offered only where the peer takes a header. */
const OFFLOADS = bits(0, 1, 7, 8, 9, 10, 11, 12, 13, 14);

/**
 * Where the configuration space of a device with these features ends, in bytes: a shorter space does not offer them.
 */
const ENDS: Readonly<Record<string, readonly (readonly [features: bigint, end: number])[]>> = {
  // status; max_virtqueue_pairs; mtu; duplex; supported_hash_types.
  'virtio-net': [
    [bits(16), 8],
    [bits(22), 10],
    [bits(3), 12],
    [bits(63), 17],
    [bits(57, 60), 24],
  ],
  // discard_sector_alignment; write_zeroes_may_unmap.
  'virtio-blk': [
    [bits(13), 48],
    [bits(14), 57],
  ],
};

/** By `DEVICE[/INSTANCE]`. `asked`: Destination.offers. */
export function knownFeatures(
  donor: readonly DeviceSection[],
  asked: ReadonlyMap<string, OfferedFeatures> | undefined,
): ReadonlyMap<string, KnownFeatures> {
  return new Map(
    donor.map(({ section, state }) => {
      const offer = asked?.get(deviceKey(section.idstr, section.instanceId));
      return [deviceLabel(state.device), offer === undefined ? ofDonor(state, asked === undefined) : ofAnswer(offer)];
    }),
  );
}

function ofAnswer({ features, unsure }: OfferedFeatures): KnownFeatures {
  return { offered: features & ~unsure, lacking: ALL & ~features & ~unsure };
}

/** `networked`: the donor had the network of the destination, and not one that cannot do harm. */
function ofDonor(state: DeviceState, networked: boolean): KnownFeatures {
  const number = (path: string): bigint | undefined => {
    const [leaf] = findInDevice(state, path);
    return leaf?.kind === 'leaf' ? integerOf(leaf) : undefined;
  };
  const has = (path: string): boolean => findInDevice(state, path).length > 0;
  const [virtio] = findInDevice(state, 'virtio');
  if (virtio === undefined || virtio.kind === 'leaf') return { offered: 0n, lacking: 0n };
  let lacking = 0n;
  if (has('virtio.virtio/extra_state') && isPci(state) && !has('virtio.virtio/extra_state.virtio_pci/modern_state'))
    lacking |= VERSION_1;
  const name = vmsdNameOf(state.device.name);
  if (networked && name === 'virtio-net' && number('virtio.device.has_vnet_hdr') === 0n) lacking |= OFFLOADS;
  const size = Number(number('virtio.config_len') ?? Infinity);
  for (const [features, end] of ENDS[name] ?? []) if (size < end) lacking |= features;
  const offered = negotiatedFeatures(virtio);
  return { offered, lacking: lacking & ~offered };
}

/** Its section's name begins with a PCI address. */
function isPci({ device }: DeviceState): boolean {
  return /^(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]/.test(device.name);
}
