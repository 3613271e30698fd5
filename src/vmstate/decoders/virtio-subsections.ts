// The subsections at the end of virtio state, which no description shows: found by their headers, their bodies laid out
// as QEMU's tables say. QEMU: vmstate_virtio and its subsections, hw/virtio/virtio.c; vmstate_virtio_pci,
// hw/virtio/virtio-pci.c; vmstate_virtio_mmio, hw/virtio/virtio-mmio.c.

import { subsectionHeaderSize, vmsdSize, type FieldSchema, type VmsdSchema } from '../schema.js';
import { array, field, opaque, structs, table, unused } from './rule.js';

/** QEMU: VIRTIO_QUEUE_MAX; these tables always have all of them. */
const QUEUES = 1024;
const PREFIX = 'virtio/';

/** Where the subsections begin, and what they are. */
export interface VirtioTail {
  readonly start: number;
  readonly subsections: readonly VmsdSchema[];
}

const addresses = ['desc', 'avail', 'used'].map((name) => array(name, 'uint32', 4, 2));
const pciQueue = table('virtio_pci/modern_queue_state', [
  field('num', 'uint16', 2),
  unused('unused', 1),
  field('enabled', 'bool', 1),
  ...addresses,
]);
const mmioQueue = table('virtio_mmio/modern_queue_state', [
  field('num', 'uint16', 2),
  field('enabled', 'bool', 1),
  ...addresses,
]);
const splitQueue = table('virtqueue_state', [field('vring.avail', 'uint64', 8), field('vring.used', 'uint64', 8)]);
const packedQueue = table('packed_virtqueue_state', [
  field('last_avail_idx', 'uint16', 2),
  field('last_avail_wrap_counter', 'bool', 1),
  field('used_idx', 'uint16', 2),
  field('used_wrap_counter', 'bool', 1),
  field('inuse', 'uint32', 4),
]);
const ringSize = table('ringsize_state', [field('vring.num_default', 'uint32', 4)]);

/** Fields by the subsection's name; the ones that are not here are opaque up to the next one. */
const known: Readonly<Record<string, readonly FieldSchema[]>> = {
  'virtio/device_endian': [field('device_endian', 'uint8', 1)],
  'virtio/64bit_features': [field('guest_features', 'uint64', 8)],
  'virtio/128bit_features': [field('guest_features_ex[1]', 'uint64', 8)],
  'virtio/virtqueues': [structs('vq', splitQueue, 16, QUEUES)],
  'virtio/packed_virtqueues': [structs('vq', packedQueue, 10, QUEUES)],
  'virtio/ringsize': [structs('vq', ringSize, 4, QUEUES)],
  'virtio/broken': [field('broken', 'bool', 1)],
  'virtio/started': [field('started', 'bool', 1)],
  'virtio/disabled': [field('disabled', 'bool', 1)],
  'virtio/extra_state': [],
  'virtio_pci/modern_state': [
    field('dfselect', 'uint32', 4),
    field('gfselect', 'uint32', 4),
    array('guest_features', 'uint32', 4, 2),
    structs('vqs', pciQueue, 28, QUEUES),
  ],
  'virtio_pci/modern_state/features128': [array('guest_features', 'uint32', 4, 2)],
  'virtio_mmio/modern_state': [array('guest_features', 'uint32', 4, 2), structs('vqs', mmioQueue, 27, QUEUES)],
};

/** Subsections of these stand inside, in that order. */
const nested: Readonly<Record<string, readonly string[]>> = {
  'virtio/extra_state': ['virtio_pci/', 'virtio_mmio/'],
  'virtio_pci/modern_state': ['virtio_pci/modern_state/'],
};

/**
 * The first place from `from` on at which a chain of virtio's subsections begins that ends where the bytes end; the end
 * when there is none.
 */
export function findSubsections(view: DataView, from: number): VirtioTail {
  for (let at = nextHeader(view, from, PREFIX); at !== undefined; at = nextHeader(view, at + 1, PREFIX)) {
    const subsections = chain(view, at);
    if (subsections !== undefined) return { start: at, subsections };
  }
  return { start: view.byteLength, subsections: [] };
}

function chain(view: DataView, start: number): VmsdSchema[] | undefined {
  const found: VmsdSchema[] = [];
  let at = start;
  while (at < view.byteLength) {
    const name = nameAt(view, at, PREFIX);
    if (name === undefined) return undefined;
    const part = subsection(view, at, name);
    at += subsectionHeaderSize(name) + vmsdSize(part)!;
    if (at > view.byteLength) return undefined;
    found.push(part);
  }
  return found;
}

function subsection(view: DataView, start: number, name: string): VmsdSchema {
  const body = start + subsectionHeaderSize(name);
  const version = view.getUint32(body - 4);
  const fields = known[name];
  if (fields === undefined) {
    const end = nextHeader(view, body, PREFIX) ?? view.byteLength;
    return table(
      name,
      end === body ? [] : [opaque('data', end - body, `the subsection ${name} is not known`)],
      [],
      version,
    );
  }
  const plain = version === 1 ? current(name, fields) : table(name, fields, [], version);
  const inside: VmsdSchema[] = [];
  let at = body + vmsdSize(plain)!;
  for (const prefix of nested[name] ?? []) {
    const inner = nameAt(view, at, prefix);
    if (inner === undefined || known[inner] === undefined) continue;
    const part = subsection(view, at, inner);
    inside.push(part);
    at += subsectionHeaderSize(inner) + vmsdSize(part)!;
  }
  return inside.length === 0 ? plain : { ...plain, subsections: inside };
}

const currents = new Map<string, VmsdSchema>();

function current(name: string, fields: readonly FieldSchema[]): VmsdSchema {
  const made = currents.get(name) ?? table(name, fields);
  currents.set(name, made);
  return made;
}

/** The next place at which a subsection of that prefix may begin. */
function nextHeader(view: DataView, from: number, prefix: string): number | undefined {
  for (let at = from; at + 2 + prefix.length <= view.byteLength; at += 1)
    if (view.getUint8(at) === 5 && nameAt(view, at, prefix) !== undefined) return at;
  return undefined;
}

function nameAt(view: DataView, at: number, prefix: string): string | undefined {
  if (at + 2 > view.byteLength || view.getUint8(at) !== 5) return undefined;
  const length = view.getUint8(at + 1);
  if (length <= prefix.length || at + 2 + length + 4 > view.byteLength) return undefined;
  let name = '';
  for (let i = 0; i < length; i += 1) {
    name += String.fromCharCode(view.getUint8(at + 2 + i));
    if (i < prefix.length && name[i] !== prefix[i]) return undefined;
  }
  return name;
}
