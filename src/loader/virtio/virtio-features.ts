// Features that a guest has taken against those that the destination's device offers. QEMU: the end of virtio_load(),
// and virtio_set_features_nocheck(), hw/virtio/virtio.c.

import { missingFeatures } from './feature-options.js';
import type { OfferedFeatures } from '../destination.js';
import type { Incoming } from '../outer/incoming.js';
import type { QemuFile } from '../outer/qemu-file.js';
import type { TableContext } from '../tables/table-context.js';

/** `low`: the word in the common part; `common`: what its subsections brought. @throws Refusal */
export function checkFeatures(
  incoming: Incoming,
  file: QemuFile,
  { device, table }: TableContext,
  low: number,
  common: TableContext,
): void {
  const offered = offeredBy(incoming, device);
  const wide = BigInt(common.parts.get('virtio/64bit_features')?.values.get('guest_features') ?? low);
  const high = BigInt(common.parts.get('virtio/128bit_features')?.values.get('guest_features_ex[1]') ?? 0);
  const all = incoming.behaves('all-feature-bits');
  // A device that offers none above bit 31 did not look above bit 31.
  const taken = all
    ? (high << 64n) | wide
    : offered === undefined || offered.features >> 32n !== 0n
      ? wide
      : BigInt(low);
  const missing = offered === undefined ? taken : taken & ~offered.features;
  if (missing === 0n) return;
  if (offered === undefined) {
    incoming.unknowns.add(
      `whether the destination's ${device} offers all features that the guest has taken (0x${taken.toString(16)})`,
    );
    return;
  }
  const names = missingFeatures(table.schema.name, missing).join(', ');
  if ((missing & ~offered.unsure) === 0n) {
    incoming.unknowns.add(
      `whether the network of the destination's ${device} offers what the guest has taken: ${names}`,
    );
    return;
  }
  throw incoming.refuse(file, 'virtio-features', {
    guest: all ? taken & offered.features : taken,
    allowed: offered.features,
    missing: names,
  });
}

/** Of the destination's device; undefined: not known, or several have that name. */
export function offeredBy(incoming: Incoming, device: string): OfferedFeatures | undefined {
  const [first, ...repeats] = incoming.destination.handlers.filter(({ idstr }) => idstr === device);
  return repeats.length === 0 ? first?.virtio : undefined;
}
