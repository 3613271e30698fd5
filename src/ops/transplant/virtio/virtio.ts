// virtio's state, which QEMU writes by hand and the description shows as one blob: laid out by the decoder it is fields
// like any others, but queues, vectors and features have rules of their own. QEMU: virtio_load(),
// virtio_set_features_nocheck(), hw/virtio/virtio.c; virtio_pci_load_config(), hw/virtio/virtio-pci.c.

import { deviceLabel, featureNames, type Branch, type FieldNode } from '../../../vmstate/index.js';
import { cures } from '../merge/cures.js';
import type { Layer } from '../merge/layer.js';
import { asItStands, concat, type Piece, withBytes } from '../merge/piece.js';
import { layField, layTable, tablePiece } from '../merge/table.js';
import { integerOf } from '../merge/values.js';

/** What a destination's devices are known to allow. */
export interface VirtioOffers {
  /** Features on offer, by `DEVICE[/INSTANCE]`. */
  readonly features: ReadonlyMap<string, bigint>;
  /** It refuses queues longer than its own (QEMU 11.1 and later); undefined: not known. */
  readonly checksQueues: boolean | undefined;
}

const PACKED = 1n << 34n;
const IN_ORDER = 1n << 35n;

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
  const wanted = negotiated(source);
  if (wanted === 0n) return;
  const device = donor.parent?.vmsd?.name ?? '';
  const offered = offers.features.get(deviceLabel(donor.state.device));
  const text = (features: bigint): string => featureNames(device, features).join(', ');
  const common = { path: `${donor.fullPath}.guest_features`, offset: source.span.start };
  if (offered === undefined) {
    layer.ledger.note({
      ...common,
      kind: 'unchecked',
      grade: 'assumed',
      before: text(wanted),
      why: 'features that the guest uses; what the destination offers stands in no donor',
    });
    return;
  }
  const missing = wanted & ~offered;
  if (missing === 0n) return;
  layer.ledger.note({
    ...common,
    kind: 'conflict',
    grade: 'impossible',
    before: text(missing),
    why: 'the guest uses features that the destination does not offer',
    cure: cures.feature(text(missing)),
  });
}

/** The features that the guest has accepted. */
export function negotiated(virtio: Branch): bigint {
  const low = integerOf(child(virtio, 'guest_features_lo')) ?? 0n;
  const wide = integerOf(child(child(virtio, 'virtio/64bit_features'), 'guest_features')) ?? low;
  const high = integerOf(child(child(virtio, 'virtio/128bit_features'), 'guest_features_ex[1]')) ?? 0n;
  return low | wide | (high << 64n);
}

/** Fields of virtio's own tables that are more than their names. Undefined: a field like any other. */
export function virtioField(
  layer: Layer,
  donor: FieldNode,
  source: FieldNode,
  offers: VirtioOffers,
): Piece | undefined {
  switch (`${donor.parent?.vmsd?.name ?? ''}.${donor.name}`) {
    // Counts what follows, which is the destination's.
    case 'virtio.config_len':
    case 'virtio.queue_count':
      return asItStands(donor, true);
    case 'virtio.device':
      return layOwnPart(layer, donor, source);
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
 * What the device itself writes. How it is laid out follows its own values and the guest's features, not the destination:
 * all of it is the source's, but for what QEMU compares.
 */
function layOwnPart(layer: Layer, donor: FieldNode, source: FieldNode): Piece | undefined {
  if (donor.kind === 'leaf' || source.kind === 'leaf') return undefined;
  for (const field of source.children()) {
    const own = child(donor, field.name);
    const compared = field.kind === 'leaf' && field.field?.type.endsWith(' equal') === true && own?.kind === 'leaf';
    if (compared && integerOf(field) !== integerOf(own))
      layer.ledger.field(field, own, {
        kind: 'conflict',
        grade: 'impossible',
        why: 'must be what the destination has',
        cure: cures.equal,
      });
  }
  return {
    ...tablePiece(
      source,
      layer.adopt(() => layTable(layer, source, source)),
    ),
    asDonor: false,
  };
}

/** As many queues as the destination has. */
function layQueues(layer: Layer, donor: FieldNode, source: FieldNode): Piece {
  const [mine, theirs] = [elements(donor), elements(source)];
  const lost = theirs.slice(mine.length);
  if (lost.length > 0 || mine.length > theirs.length) {
    const used = lost.some(inUse);
    layer.ledger.field(source, donor, {
      kind: used ? 'conflict' : lost.length > 0 ? 'cut' : 'padded',
      grade: used ? 'impossible' : 'assumed',
      before: `${theirs.length} queues`,
      after: `${mine.length} queues`,
      why: used
        ? 'the guest uses queues that the destination does not have'
        : 'another number of queues, and the guest uses none of those that only one side has',
      cure: used ? cures.queues(theirs.length) : undefined,
    });
  }
  noteIdle(layer, donor, mine, theirs);
  noteReset(layer, donor, mine, theirs);
  const pieces = mine.map((own, index) =>
    theirs[index] === undefined ? asItStands(own, true) : layField(layer, own, theirs[index]),
  );
  return withBytes(donor, concat(pieces.map((piece) => piece.bytes)));
}

/** A device keeps its guest's lengths, and after its next reset has its own. */
function noteReset(layer: Layer, donor: FieldNode, mine: readonly FieldNode[], theirs: readonly FieldNode[]): void {
  const num = (queue: FieldNode | undefined): bigint => integerOf(child(queue, 'num')) ?? 0n;
  const kept = (own: FieldNode, other: FieldNode): boolean =>
    num(other) < num(own) || (num(other) > num(own) && inUse(other));
  const changed = mine.flatMap((own, index) => {
    const other = theirs[index];
    return other !== undefined && kept(own, other) ? [{ length: num(own), used: num(other) }] : [];
  });
  if (changed.length === 0) return;
  layer.ledger.note({
    kind: 'donor',
    grade: 'assumed',
    path: `${donor.parent?.fullPath ?? ''}.virtio/ringsize`,
    before: [...new Set(changed.map(({ used }) => used))].join(', '),
    after: [...new Set(changed.map(({ length }) => length))].join(', '),
    why: 'queues keep the source’s length; after the next reset of the device they have the destination’s',
  });
}

/** Queues that no driver has set up and that are longer than the destination's: one remark for all. */
function noteIdle(layer: Layer, donor: FieldNode, mine: readonly FieldNode[], theirs: readonly FieldNode[]): void {
  const num = (queue: FieldNode): bigint => integerOf(child(queue, 'num')) ?? 0n;
  const idle = mine.flatMap((own, index) => {
    const other = theirs[index];
    return other !== undefined && !inUse(other) && num(other) > num(own) ? [{ own, other }] : [];
  });
  const [first] = idle;
  if (first === undefined) return;
  const text = (lengths: readonly bigint[]): string => [...new Set(lengths)].join(', ');
  layer.ledger.note({
    kind: 'donor',
    grade: 'assumed',
    path: `${donor.fullPath}${first.own.name.startsWith('[') ? first.own.name : ''}.num`,
    offset: first.other.span.start,
    before: text(idle.map(({ other }) => num(other))),
    after: text(idle.map(({ own }) => num(own))),
    why: `${idle.length === 1 ? 'a queue' : `${idle.length} queues, this and others,`} longer than the destination’s, which no driver has set up`,
  });
}

function layLength(layer: Layer, donor: FieldNode, source: FieldNode, offers: VirtioOffers): Piece | undefined {
  const [mine, theirs] = [integerOf(donor), integerOf(source)];
  if (mine === undefined || theirs === undefined || theirs <= mine) return undefined;
  const queue = source.parent!;
  // Said by noteIdle.
  if (!inUse(queue)) return asItStands(donor, true);
  const features = negotiated(virtioAround(queue));
  const refused = offers.checksQueues === true || (features & (PACKED | IN_ORDER)) !== 0n;
  layer.ledger.field(source, donor, {
    kind: refused ? 'conflict' : 'unchecked',
    grade: refused ? 'impossible' : 'assumed',
    after: refused ? String(mine) : String(theirs),
    why: refused
      ? `a queue in use of ${theirs} entries, and the destination’s hold ${mine}`
      : `a queue in use of ${theirs} entries; the destination makes its own ${mine} long, and QEMU up to 10.x takes longer ones all the same`,
    cure: cures.queueSize(Number(theirs)),
  });
  return undefined;
}

/** A driver has told the device where the ring is. */
function inUse(queue: FieldNode): boolean {
  return queue.kind !== 'leaf' && (integerOf(child(queue, 'desc')) ?? 0n) !== 0n;
}

function virtioAround(node: Branch): Branch {
  let at = node;
  while (at.parent !== undefined && at.vmsd?.name !== 'virtio') at = at.parent;
  return at;
}

function child(node: FieldNode | undefined, name: string): FieldNode | undefined {
  if (node === undefined || node.kind === 'leaf') return undefined;
  for (const one of node.children()) if (one.name === name) return one;
  return undefined;
}

function elements(node: FieldNode | undefined): FieldNode[] {
  return node === undefined || node.kind === 'leaf' ? [] : node.kind === 'array' ? [...node.children()] : [node];
}
