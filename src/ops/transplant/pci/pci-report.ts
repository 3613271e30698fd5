// What of a configuration space is not the source's after it was laid: identity, layout, capabilities that one side
// lacks or that stand elsewhere.

import { leaves, type FieldNode, type Leaf } from '../../../vmstate/index.js';
import type { Layer } from '../merge/layer.js';
import type { Capability } from './pci-capabilities.js';
import { cures } from '../merge/cures.js';
import { saysSomething } from '../merge/values.js';

/** Capabilities of both sides, and which is which. */
export interface Capabilities {
  readonly donor: readonly Capability[];
  readonly source: readonly Capability[];
  /** The donor's to the source's. */
  readonly places: ReadonlyMap<Capability, Capability>;
}

const MSI = 0x05;
const MSIX = 0x11;
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
  const node = (at: number): string => `${donor.fullPath}.${capabilityName(donor, at)}`;
  for (const one of all.donor) {
    const other = all.places.get(one);
    if (other === undefined) {
      const cure = one.id === MSIX && !one.extended ? cures.noVectors : undefined;
      layer.ledger.note({
        kind: 'donor',
        grade: 'assumed',
        path: node(one.at),
        after: 'the destination’s',
        why: 'a capability that the source does not have: the guest has not seen it yet',
        cure,
      });
    } else if (other.at !== one.at) {
      layer.ledger.note({
        kind: 'moved',
        grade: 'assumed',
        path: node(one.at),
        before: place(other),
        after: place(one),
        why: 'a driver that remembers where it stood writes to the old place',
      });
    }
  }
  const kept = new Set(all.places.values());
  for (const one of all.source) if (!kept.has(one)) lost(layer, donor, source, one);
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
  const inside = all.donor.find((one) => at >= one.at && at < one.at + one.size);
  const other = inside === undefined ? undefined : all.places.get(inside);
  if (inside !== undefined && other === undefined) return;
  const from = inside === undefined ? at : at - inside.at + other!.at;
  const [after, before] = [out.subarray(at, at + size), source.bytes.subarray(from, from + size)];
  if (after.every((byte, i) => byte === before[i])) {
    layer.ledger.copied += 1;
    return;
  }
  const layout = inside !== undefined && WHERE.has(leaf.name);
  const vectors = inside?.id === MSIX && !inside.extended;
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
    cure: vectors ? cures.vectors(vectorsOf(source.bytes, other!)) : undefined,
  });
}

/** A capability that the destination lacks. */
function lost(layer: Layer, donor: FieldNode, source: FieldNode, one: Capability): void {
  const enabled =
    !one.extended &&
    ((one.id === MSI && (source.bytes[one.at + 2]! & 1) !== 0) ||
      (one.id === MSIX && (source.bytes[one.at + 3]! & 0x80) !== 0));
  layer.ledger.note({
    kind: enabled ? 'conflict' : 'dropped',
    grade: enabled ? 'impossible' : 'lossy',
    path: `${donor.fullPath}.${capabilityName(source, one.at)}`,
    offset: source.span.start + one.at,
    before: place(one),
    why: enabled
      ? 'the guest gets interrupts through a capability that the destination does not have'
      : 'the destination does not have this capability',
    cure: one.id === MSIX && !one.extended ? cures.vectors(vectorsOf(source.bytes, one)) : undefined,
  });
}

function vectorsOf(config: Uint8Array, msix: Capability): number {
  return ((config[msix.at + 2]! | (config[msix.at + 3]! << 8)) & 0x7ff) + 1;
}

function capabilityName(config: FieldNode, at: number): string {
  if (config.kind !== 'leaf')
    for (const child of config.children())
      if (child.start - config.start === at && child.kind === 'struct') return child.name;
  return `at_${at.toString(16)}`;
}

function place({ at }: Capability): string {
  return `at 0x${at.toString(16)}`;
}

function littleEndian(bytes: Uint8Array): string {
  return `0x${[...bytes]
    .reverse()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')}`;
}
