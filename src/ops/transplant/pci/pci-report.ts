// Reports what of a merged configuration space is not the source's: identity, layout, capabilities that only the source
// or only the destination has, or that stand in another place.

import { capabilityId } from '../../../devices/pci/capabilities.js';
import { isInterruptEnabled, vectorsOf } from '../../../devices/pci/msix.js';
import { viewOf } from '../../../devices/pci/space.js';
import type { Capability } from '../../../devices/pci/walk.js';
import { leaves, type FieldNode, type Leaf } from '../../../vmstate/index.js';
import { cures } from '../merge/cures.js';
import type { Layer } from '../merge/layer.js';
import { saysSomething } from '../merge/values.js';
import { littleEndian } from './text.js';

/** Capabilities of both sides, and which is which. */
export interface Capabilities {
  readonly donor: readonly Capability[];
  readonly source: readonly Capability[];
  /** The donor's to the source's. */
  readonly places: ReadonlyMap<Capability, Capability>;
}

/** Layout: says where the next capability is. */
const LINKS: ReadonlySet<string> = new Set(['next', 'capability_pointer', 'header']);
/** Says where in the device's memory something is; drivers have that mapped. */
const WHERE: ReadonlySet<string> = new Set(['bar', 'offset', 'multiplier', 'table', 'pba', 'type']);

export function reportConfig(
  layer: Layer,
  donor: FieldNode,
  source: FieldNode,
  out: Uint8Array,
  all: Capabilities,
): void {
  for (const capability of all.donor) {
    const path = `${donor.fullPath}.${capabilityName(donor, capability)}`;
    const from = all.places.get(capability);
    if (from === undefined)
      layer.ledger.note({
        kind: 'donor',
        grade: 'assumed',
        path,
        after: 'the destination’s',
        why: 'a capability that the source does not have: the guest has not seen it yet',
        cure: isMsix(capability) ? cures.noVectors : undefined,
      });
    else if (from.at !== capability.at)
      layer.ledger.note({
        kind: 'moved',
        grade: 'assumed',
        path,
        before: place(from),
        after: place(capability),
        why: 'a driver that remembers where it stood writes to the old place',
      });
  }
  const kept = new Set(all.places.values());
  for (const capability of all.source) if (!kept.has(capability)) lost(layer, donor, source, capability);
  for (const leaf of leaves(donor)) compare(layer, donor, source, out, all, leaf);
}

function compare(
  layer: Layer,
  donor: FieldNode,
  source: FieldNode,
  out: Uint8Array,
  all: Capabilities,
  leaf: Leaf,
): void {
  if (leaf.role === 'opaque' || !saysSomething(leaf) || LINKS.has(leaf.name)) return;
  const at = leaf.start - donor.start;
  const size = leaf.end - leaf.start;
  const around = all.donor.find((capability) => at >= capability.at && at < capability.at + capability.size);
  const sourceAround = around === undefined ? undefined : all.places.get(around);
  if (around !== undefined && sourceAround === undefined) return;
  const from = around === undefined ? at : at - around.at + sourceAround!.at;
  const [after, before] = [out.subarray(at, at + size), source.bytes.subarray(from, from + size)];
  if (after.every((byte, i) => byte === before[i])) {
    layer.ledger.copied += 1;
    return;
  }
  const layout = around !== undefined && WHERE.has(leaf.name);
  const vectors = around !== undefined && isMsix(around);
  layer.ledger.note({
    kind: layout || vectors ? 'conflict' : 'donor',
    grade: layout || vectors ? 'impossible' : 'assumed',
    path: leaf.fullPath,
    offset: source.span.start + from,
    before: littleEndian(before),
    after: littleEndian(after),
    why: layout
      ? 'drivers have this place of the device’s memory mapped'
      : vectors
        ? 'another number of MSI-X vectors'
        : 'the device says what it is: the destination’s',
    cure: vectors ? cures.vectors(vectorsOf(viewOf(source.bytes), sourceAround!)) : undefined,
  });
}

/** A capability that the destination lacks. */
function lost(layer: Layer, donor: FieldNode, source: FieldNode, capability: Capability): void {
  const config = viewOf(source.bytes);
  const enabled = isInterruptEnabled(config, capability);
  layer.ledger.note({
    kind: enabled ? 'conflict' : 'dropped',
    grade: enabled ? 'impossible' : 'lossy',
    path: `${donor.fullPath}.${capabilityName(source, capability)}`,
    offset: source.span.start + capability.at,
    before: place(capability),
    why: enabled
      ? 'the guest gets interrupts through a capability that the destination does not have'
      : 'the destination does not have this capability',
    cure: isMsix(capability) ? cures.vectors(vectorsOf(config, capability)) : undefined,
  });
}

function isMsix({ id, extended }: Capability): boolean {
  return id === capabilityId.msix && !extended;
}

/** As its path calls it; a capability that another one overlaps has no path. */
function capabilityName(config: FieldNode, { at, name }: Capability): string {
  if (config.kind !== 'leaf') for (const child of config.children()) if (child.name === name) return name;
  return `at_${at.toString(16)}`;
}

function place({ at }: Capability): string {
  return `at 0x${at.toString(16)}`;
}
