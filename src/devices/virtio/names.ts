// What virtio's values mean: status and feature bits by name, addresses of network cards, the CID of vsock.

import type { Branch, FieldNode } from '../../vmstate/index.js';
import type { Meaning, MeaningRule } from '../rule.js';
import { bitNames, bytesOfArray, integerOf, macText, numberOf } from '../values.js';
import { featureNames } from './features.js';

const statusBits = ['ACKNOWLEDGE', 'DRIVER', 'DRIVER_OK', 'FEATURES_OK', '', '', 'NEEDS_RESET', 'FAILED'];

/** The table that the virtio field stands in tells the device. */
function deviceOf(node: FieldNode): string {
  let branch: Branch | undefined = node.kind === 'leaf' ? node.parent : node;
  while (branch !== undefined && branch.kind !== 'decoded') branch = branch.parent;
  let above = branch?.parent;
  while (above !== undefined && above.vmsd === undefined) above = above.parent;
  return above?.vmsd?.name ?? '';
}

function features(node: FieldNode): Meaning | undefined {
  const value = integerOf(node);
  return value === undefined ? undefined : { text: featureNames(deviceOf(node), value).join(', ') || 'none' };
}

function wordFeatures(node: FieldNode, index: number | undefined): Meaning | undefined {
  const value = numberOf(node);
  if (value === undefined || index === undefined) return undefined;
  return { text: featureNames(deviceOf(node), BigInt(value) << BigInt(32 * index)).join(', ') || 'none' };
}

function mac(node: FieldNode, index: number | undefined): Meaning | undefined {
  const bytes = index === undefined ? bytesOfArray(node) : undefined;
  return bytes?.length === 6 ? { label: 'MAC', text: macText(bytes) } : undefined;
}

function cid(node: FieldNode): Meaning | undefined {
  const value = node.kind === 'leaf' ? node.value : undefined;
  return typeof value === 'bigint' ? { label: 'guest CID', text: String(value) } : undefined;
}

export const virtioMeanings: readonly MeaningRule[] = [
  {
    vmsd: 'virtio',
    field: 'status',
    meaning: (node) => {
      const value = numberOf(node);
      return value === undefined ? undefined : { text: bitNames(value, statusBits) };
    },
  },
  { vmsd: 'virtio', field: 'guest_features_lo', meaning: features },
  { vmsd: 'virtio/64bit_features', field: 'guest_features', meaning: features },
  { vmsd: 'virtio_pci/modern_state', field: 'guest_features', meaning: wordFeatures },
  { vmsd: 'virtio_mmio/modern_state', field: 'guest_features', meaning: wordFeatures },
  { vmsd: 'virtio-net config', field: 'mac', meaning: mac },
  { vmsd: 'virtio-net-device', field: 'mac', meaning: mac },
  { vmsd: 'virtio-vhost_vsock config', field: 'guest_cid', meaning: cid },
  { vmsd: 'vhost-vsock config', field: 'guest_cid', meaning: cid },
];
