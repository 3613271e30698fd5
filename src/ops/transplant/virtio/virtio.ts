// Which side's value wins in virtio's state, which the description shows as one blob and devices/virtio divides. Its
// fields are like any others; queues, vectors, features and the state of the device itself have rules. QEMU:
// virtio_load(), virtio_set_features_nocheck(), hw/virtio/virtio.c; virtio_pci_load_config(), hw/virtio/virtio-pci.c.

import { concatBytes } from '../../../base/bytes.js';
import { childNamed } from '../../../devices/values.js';
import { featureNames, negotiatedFeatures, PACKED_OR_IN_ORDER } from '../../../devices/virtio/features.js';
import { deviceLabel, type Branch, type FieldNode } from '../../../vmstate/index.js';
import { cures } from '../merge/cures.js';
import type { Layer } from '../merge/layer.js';
import { asItStands, type Piece, withBytes } from '../merge/piece.js';
import { layField, layTable, tablePiece } from '../merge/table.js';
import { integerOf } from '../merge/values.js';

/** What a destination's devices are known to allow. */
export interface VirtioOffers {
  /** What is known of each device's features, by `DEVICE[/INSTANCE]`. */
  readonly features: ReadonlyMap<string, KnownFeatures>;
  /** It refuses queues longer than its own (QEMU 11.1 and later); undefined: not known. */
  readonly checksQueues: boolean | undefined;
}

/** Feature bits; those in neither set are not known. */
export interface KnownFeatures {
  readonly offered: bigint;
  readonly lacking: bigint;
}

const NOTHING_KNOWN: KnownFeatures = { offered: 0n, lacking: 0n };

export function layVirtio(layer: Layer, donor: FieldNode, source: FieldNode, offers: VirtioOffers): Piece {
  if (donor.kind === 'leaf' || source.kind === 'leaf') {
    layer.ledger.field(source, donor, {
      kind: 'conflict',
      grade: 'impossible',
      why: 'virtio state that cannot be taken apart, so nothing says what of it is whose',
    });
    return asItStands(donor, true);
  }
  const piece = tablePiece(donor, layTable(layer, donor, source));
  checkFeatures(layer, donor, source, offers);
  return piece;
}

function checkFeatures(layer: Layer, donor: Branch, source: Branch, offers: VirtioOffers): void {
  const wanted = negotiatedFeatures(source);
  if (wanted === 0n) return;
  const device = donor.parent?.vmsd?.name ?? '';
  const { offered, lacking } = offers.features.get(deviceLabel(donor.state.device)) ?? NOTHING_KNOWN;
  const text = (features: bigint): string => featureNames(device, features).join(', ');
  const common = { path: `${donor.fullPath}.guest_features`, offset: source.span.start };
  const missing = wanted & lacking;
  const open = wanted & ~offered & ~lacking;
  if (missing !== 0n)
    layer.ledger.note({
      ...common,
      kind: 'conflict',
      grade: 'impossible',
      before: text(missing),
      why: 'the guest uses features that the destination does not offer',
      cure: cures.feature(text(missing)),
    });
  else if (open !== 0n)
    layer.ledger.note({
      ...common,
      kind: 'unchecked',
      grade: 'assumed',
      before: text(open),
      why: 'features that the guest uses; nothing says whether the destination offers them',
    });
}

/** Rules for single fields of virtio's tables. Undefined: a field like any other. */
export function virtioField(
  layer: Layer,
  donor: FieldNode,
  source: FieldNode,
  offers: VirtioOffers,
): Piece | undefined {
  switch (`${donor.parent?.vmsd?.name ?? ''}.${donor.name}`) {
    // They count what follows, which is the destination's.
    case 'virtio.config_len':
    case 'virtio.queue_count':
      return asItStands(donor, true);
    case 'virtio.device':
      return layDeviceState(layer, donor, source);
    case 'virtio.queues':
      return layQueues(layer, donor, source);
    case 'virtio queue.num':
      return layLength(layer, donor, source, offers);
    case 'ringsize_state.vring.num_default':
      // What a reset brings back must be a length that the destination has.
      return layer.adopted ? undefined : asItStands(donor, true);
    default:
      return undefined;
  }
}

/**
 * What the device itself writes. Its layout follows its values and the guest's features, not the destination: all of it
 * is the source's, but for what QEMU compares.
 */
function layDeviceState(layer: Layer, donor: FieldNode, source: FieldNode): Piece | undefined {
  if (donor.kind === 'leaf' || source.kind === 'leaf') return undefined;
  for (const field of source.children()) {
    const donorField = childNamed(donor, field.name);
    const equal = field.kind === 'leaf' && field.field?.type.endsWith(' equal') === true;
    if (equal && donorField?.kind === 'leaf' && integerOf(field) !== integerOf(donorField))
      layer.ledger.field(field, donorField, {
        kind: 'conflict',
        grade: 'impossible',
        why: 'must be what the destination has',
        cure: cures.equal,
      });
  }
  const table = layer.adopt(() => layTable(layer, source, source));
  return { ...tablePiece(source, table), asDonor: false };
}

/** Queues of both sides, by their number. */
interface QueuePair {
  readonly donor: FieldNode;
  readonly source: FieldNode;
}

/** As many queues as the destination has. */
function layQueues(layer: Layer, donor: FieldNode, source: FieldNode): Piece {
  const [donorQueues, sourceQueues] = [elements(donor), elements(source)];
  const lost = sourceQueues.slice(donorQueues.length);
  if (donorQueues.length !== sourceQueues.length) {
    const used = lost.some(inUse);
    layer.ledger.field(source, donor, {
      kind: used ? 'conflict' : lost.length > 0 ? 'cut' : 'padded',
      grade: used ? 'impossible' : 'assumed',
      before: `${sourceQueues.length} queues`,
      after: `${donorQueues.length} queues`,
      why: used
        ? 'the guest uses queues that the destination does not have'
        : 'another number of queues, and the guest uses none of those that only one side has',
      cure: used ? cures.queues(sourceQueues.length) : undefined,
    });
  }
  const pairs = donorQueues.flatMap((queue, i): QueuePair[] =>
    sourceQueues[i] === undefined ? [] : [{ donor: queue, source: sourceQueues[i] }],
  );
  noteIdle(layer, donor, pairs);
  noteReset(layer, donor, pairs);
  const pieces = donorQueues.map((queue, i) =>
    pairs[i] === undefined ? asItStands(queue, true) : layField(layer, queue, pairs[i].source),
  );
  return withBytes(donor, concatBytes(pieces.map((piece) => piece.bytes)));
}

/** A device keeps its guest's lengths, and after its next reset has its own. */
function noteReset(layer: Layer, donor: FieldNode, pairs: readonly QueuePair[]): void {
  const changed = pairs.filter((pair) => {
    const [after, before] = [length(pair.donor), length(pair.source)];
    return before < after || (before > after && inUse(pair.source));
  });
  if (changed.length === 0) return;
  layer.ledger.note({
    kind: 'donor',
    grade: 'assumed',
    path: `${donor.parent?.fullPath ?? ''}.virtio/ringsize`,
    before: lengths(changed.map((pair) => pair.source)),
    after: lengths(changed.map((pair) => pair.donor)),
    why: 'queues keep the source’s length; after the next reset of the device they have the destination’s',
  });
}

/** Queues that no driver has set up and that are longer than the destination's: one remark for all. */
function noteIdle(layer: Layer, donor: FieldNode, pairs: readonly QueuePair[]): void {
  const idle = pairs.filter((pair) => !inUse(pair.source) && length(pair.source) > length(pair.donor));
  const [first] = idle;
  if (first === undefined) return;
  layer.ledger.note({
    kind: 'donor',
    grade: 'assumed',
    path: `${donor.fullPath}${first.donor.name.startsWith('[') ? first.donor.name : ''}.num`,
    offset: first.source.span.start,
    before: lengths(idle.map((pair) => pair.source)),
    after: lengths(idle.map((pair) => pair.donor)),
    why: `${idle.length === 1 ? 'a queue' : `${idle.length} queues, this and others,`} longer than the destination’s, which no driver has set up`,
  });
}

/** Entries of a queue. */
function length(queue: FieldNode): bigint {
  return integerOf(childNamed(queue, 'num')) ?? 0n;
}

function lengths(queues: readonly FieldNode[]): string {
  return [...new Set(queues.map(length))].join(', ');
}

function layLength(layer: Layer, donor: FieldNode, source: FieldNode, offers: VirtioOffers): Piece | undefined {
  const [after, before] = [integerOf(donor), integerOf(source)];
  if (after === undefined || before === undefined || before <= after) return undefined;
  const queue = source.parent!;
  // Said by noteIdle.
  if (!inUse(queue)) return asItStands(donor, true);
  const features = negotiatedFeatures(virtioAround(queue));
  const refused = offers.checksQueues === true || (features & PACKED_OR_IN_ORDER) !== 0n;
  layer.ledger.field(source, donor, {
    kind: refused ? 'conflict' : 'unchecked',
    grade: refused ? 'impossible' : 'assumed',
    after: String(refused ? after : before),
    why: refused
      ? `a queue in use of ${before} entries, and the destination’s hold ${after}`
      : `a queue in use of ${before} entries; the destination makes its own ${after} long, and QEMU up to 10.x takes longer ones all the same`,
    cure: cures.queueSize(Number(before)),
  });
  return undefined;
}

/** A driver has told the device where the ring is. */
function inUse(queue: FieldNode): boolean {
  return queue.kind !== 'leaf' && (integerOf(childNamed(queue, 'desc')) ?? 0n) !== 0n;
}

function virtioAround(node: Branch): Branch {
  let at = node;
  while (at.parent !== undefined && at.vmsd?.name !== 'virtio') at = at.parent;
  return at;
}

function elements(node: FieldNode | undefined): FieldNode[] {
  return node === undefined || node.kind === 'leaf' ? [] : node.kind === 'array' ? [...node.children()] : [node];
}
