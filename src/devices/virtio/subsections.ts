// The subsections at the end of virtio state, which no description shows: their tables, and how a reader without QEMU's
// code finds them by their headers. QEMU: vmstate_virtio and its subsections, hw/virtio/virtio.c; vmstate_virtio_pci,
// hw/virtio/virtio-pci.c; vmstate_virtio_mmio, hw/virtio/virtio-mmio.c.

import { subsectionHeaderSize, vmsdSize, type FieldSchema, type VmsdSchema } from '../../vmstate/index.js';
import { sectionType } from '../../wire/section.js';
import { array, bool, opaque, sizeOf, structs, table, u16, u32, u64, u8, unused } from '../rule.js';
import { VIRTIO_QUEUE_MAX } from './queues.js';

const PREFIX = 'virtio/';

/** Where the subsections begin, and which they are. */
export interface VirtioTail {
  readonly start: number;
  readonly subsections: readonly VmsdSchema[];
}

const addresses = ['desc', 'avail', 'used'].map((name) => array(name, 'uint32', 4, 2));
const pciQueue = table('virtio_pci/modern_queue_state', [
  u16('num'),
  unused('unused', 1),
  bool('enabled'),
  ...addresses,
]);
const mmioQueue = table('virtio_mmio/modern_queue_state', [u16('num'), bool('enabled'), ...addresses]);
const splitQueue = table('virtqueue_state', [u64('vring.avail'), u64('vring.used')]);
const packedQueue = table('packed_virtqueue_state', [
  u16('last_avail_idx'),
  bool('last_avail_wrap_counter'),
  u16('used_idx'),
  bool('used_wrap_counter'),
  u32('inuse'),
]);
const ringSize = table('ringsize_state', [u32('vring.num_default')]);

/** These tables always have all queues that a device can have. */
const allQueues = (name: string, queue: VmsdSchema): FieldSchema =>
  structs(name, queue, sizeOf(queue.fields), VIRTIO_QUEUE_MAX);

/** Fields by the subsection's name. A subsection that is not here is opaque up to the next one. */
const known: Readonly<Record<string, readonly FieldSchema[]>> = {
  'virtio/device_endian': [u8('device_endian')],
  'virtio/64bit_features': [u64('guest_features')],
  'virtio/128bit_features': [u64('guest_features_ex[1]')],
  'virtio/virtqueues': [allQueues('vq', splitQueue)],
  'virtio/packed_virtqueues': [allQueues('vq', packedQueue)],
  'virtio/ringsize': [allQueues('vq', ringSize)],
  'virtio/broken': [bool('broken')],
  'virtio/started': [bool('started')],
  'virtio/disabled': [bool('disabled')],
  'virtio/extra_state': [],
  'virtio_pci/modern_state': [
    u32('dfselect'),
    u32('gfselect'),
    array('guest_features', 'uint32', 4, 2),
    allQueues('vqs', pciQueue),
  ],
  'virtio_pci/modern_state/features128': [array('guest_features', 'uint32', 4, 2)],
  'virtio_mmio/modern_state': [array('guest_features', 'uint32', 4, 2), allQueues('vqs', mmioQueue)],
};

/** Subsections of these stand inside, in that order. */
const nested: Readonly<Record<string, readonly string[]>> = {
  'virtio/extra_state': ['virtio_pci/', 'virtio_mmio/'],
  'virtio_pci/modern_state': ['virtio_pci/modern_state/'],
};

/** The subsections of the state that all devices share. */
export const commonSubsections: readonly string[] = Object.keys(known).filter((name) => name.startsWith(PREFIX));

/** A transport's table of modern devices, with all subsections that it can have. */
export function modernState(transport: 'pci' | 'mmio'): VmsdSchema {
  const name = `virtio_${transport}/modern_state`;
  const inside = Object.keys(known).filter((path) => path.startsWith(`${name}/`));
  return table(
    name,
    known[name]!,
    inside.map((subsection) => table(subsection, known[subsection]!)),
  );
}

/** The table of a common subsection, without what stands inside of it. */
export function commonSubsection(name: string): VmsdSchema {
  return table(name, known[name]!);
}

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
    const next = subsection(view, at, name);
    at += subsectionHeaderSize(name) + vmsdSize(next)!;
    if (at > view.byteLength) return undefined;
    found.push(next);
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
  let at = body + sizeOf(fields);
  for (const prefix of nested[name] ?? []) {
    const innerName = nameAt(view, at, prefix);
    if (innerName === undefined || known[innerName] === undefined) continue;
    const found = subsection(view, at, innerName);
    inside.push(found);
    at += subsectionHeaderSize(innerName) + vmsdSize(found)!;
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
    if (nameAt(view, at, prefix) !== undefined) return at;
  return undefined;
}

function nameAt(view: DataView, at: number, prefix: string): string | undefined {
  if (at + 2 > view.byteLength || view.getUint8(at) !== sectionType.subsection) return undefined;
  const length = view.getUint8(at + 1);
  if (length <= prefix.length || at + 2 + length + 4 > view.byteLength) return undefined;
  let name = '';
  for (let i = 0; i < length; i += 1) {
    name += String.fromCharCode(view.getUint8(at + 2 + i));
    if (i < prefix.length && name[i] !== prefix[i]) return undefined;
  }
  return name;
}
