// Writes a new qcow2 image around a stream: a blank disk with one snapshot, whose state is the stream. QEMU loads it by
// -loadvm; it grows the active L1 table itself. QEMU: docs/interop/qcow2.rst.

import { cannotEncode, Emitter } from '../../bytes/emitter.js';
import { readSource, type ByteSink, type ByteSource } from '../../bytes/source.js';
import { encodeBytes } from '../../wire/kit/codec.js';
import { geometryOf, vmStateOffset } from './geometry.js';
import {
  EXTRA_SIZE,
  entryHigh,
  HEADER_V2_SIZE,
  HEADER_V3_SIZE,
  headerFields,
  headerFields3,
  NO_ICOUNT,
  QCOW_MAGIC,
  SNAPSHOT_FIELDS_SIZE,
  snapshotFields,
} from './layout.js';

export interface FreshImage {
  /** Of the blank disk, bytes: that of the VM's own disk, or the guest sees another one. */
  readonly diskSize: number;
  /** One character for each byte. */
  readonly tag: string;
  readonly version?: 2 | 3;
  /** 16 by default: clusters of 64 KiB. */
  readonly clusterBits?: number;
  /** Seconds since 1970; 0 by default, so that the same stream makes the same image. */
  readonly dateSeconds?: number;
}

const COPIED = BigInt(entryHigh.copied) << 32n;
const ID = '1';

/**
 * Writes the image to `sink` from its start to its end; `commit` is the caller's.
 * @throws MigrationStreamError `cannot-encode` (a stream of unknown size, a size beyond the format), `io`
 */
export async function writeFreshImage(stream: ByteSource, sink: ByteSink, wish: FreshImage): Promise<void> {
  const plan = planOf(stream, wish);
  const { clusterSize, places, counts } = plan;
  const emitter = new Emitter(sink, Math.max(clusterSize, 1 << 20));
  /** Zeros up to a place. */
  const upTo = async (place: number): Promise<void> => emitter.skip(place - emitter.position);
  const entries = async (count: number, value: (index: number) => bigint, width = 8): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      await emitter.reserve(width);
      if (width === 2) emitter.u16(Number(value(index)));
      else emitter.u64big(value(index));
    }
  };
  await emitter.copy(headerOf(plan, wish));
  await upTo(places.refcountTable);
  await entries(counts.refcountBlocks, (index) => BigInt(places.refcountBlocks + index * clusterSize));
  await upTo(places.refcountBlocks);
  await entries(counts.clusters, () => 1n, 2);
  await upTo(places.l1 + plan.first * 8);
  await entries(counts.l2, (index) => BigInt(places.l2 + index * clusterSize) | COPIED);
  await upTo(places.snapshots);
  await emitter.copy(snapshotOf(plan, wish));
  await upTo(places.l2);
  await entries(counts.data, (index) => BigInt(places.data + index * clusterSize) | COPIED);
  await upTo(places.data);
  await copyStream(stream, emitter, plan.size);
  await upTo(places.data + counts.data * clusterSize);
  await emitter.flush();
}

type Plan = ReturnType<typeof planOf>;

/** Where everything stands: one thing behind the other, each at a cluster. */
function planOf({ size, label }: ByteSource, { diskSize, clusterBits = 16 }: FreshImage) {
  if (size === undefined || size === 0) throw cannotEncode(`the size of ${label} is not known before it was read`);
  const geometry = geometryOf({ clusterBits, extendedL2: false });
  const { clusterSize, l2Entries, span } = geometry;
  const clustersOf = (bytes: number): number => Math.ceil(bytes / clusterSize);
  const first = vmStateOffset(geometry, diskSize, 0) / span;
  const data = clustersOf(size);
  const l2 = Math.ceil(data / l2Entries);
  const fixed = 1 + clustersOf(Math.max(1, first) * 8) + clustersOf((first + l2) * 8) + 1 + l2 + data;
  // Refcounts count their own tables too: grow until they fit.
  let refcountBlocks = 1;
  let refcountTable = 1;
  for (;;) {
    const clusters = fixed + refcountBlocks + refcountTable;
    const needed = Math.ceil(clusters / (clusterSize / 2));
    if (needed <= refcountBlocks && clustersOf(needed * 8) <= refcountTable) break;
    refcountBlocks = Math.max(refcountBlocks, needed);
    refcountTable = Math.max(refcountTable, clustersOf(refcountBlocks * 8));
  }
  let next = clusterSize;
  const place = (clusters: number): number => {
    const at = next;
    next += clusters * clusterSize;
    return at;
  };
  const places = {
    refcountTable: place(refcountTable),
    refcountBlocks: place(refcountBlocks),
    activeL1: place(clustersOf(Math.max(1, first) * 8)),
    l1: place(clustersOf((first + l2) * 8)),
    snapshots: place(1),
    l2: place(l2),
    data: place(data),
  };
  const counts = { refcountTable, refcountBlocks, l2, data, clusters: next / clusterSize };
  return { size, clusterSize, clusterBits, first, places, counts };
}

function headerOf({ clusterBits, first, places, counts }: Plan, { diskSize, version = 3 }: FreshImage): Uint8Array {
  const header = encodeBytes(headerFields, {
    magic: QCOW_MAGIC,
    version,
    backingNameAt: 0,
    backingNameSize: 0,
    clusterBits,
    diskSize,
    cryptMethod: 0,
    l1Size: first,
    l1At: places.activeL1,
    refcountTableAt: places.refcountTable,
    refcountTableClusters: counts.refcountTable,
    snapshotCount: 1,
    snapshotsAt: places.snapshots,
  });
  if (version === 2) return header;
  const whole = new Uint8Array(HEADER_V3_SIZE + 8);
  whole.set(header);
  const none = { incompatible: 0n, compatible: 0n, autoclear: 0n };
  whole.set(encodeBytes(headerFields3, { ...none, refcountOrder: 4, headerLength: HEADER_V3_SIZE }), HEADER_V2_SIZE);
  return whole;
}

function snapshotOf({ size, first, places, counts, clusterSize }: Plan, wish: FreshImage): Uint8Array {
  const { tag, diskSize, dateSeconds = 0 } = wish;
  const length = SNAPSHOT_FIELDS_SIZE + EXTRA_SIZE + ID.length + tag.length;
  if (length + 8 > clusterSize) throw cannotEncode(`a tag of ${tag.length} bytes`);
  const emitter = new Emitter(undefined, length + 8);
  snapshotFields.encode(emitter, {
    l1At: places.l1,
    l1Size: first + counts.l2,
    idSize: ID.length,
    nameSize: tag.length,
    dateSeconds,
    dateNanoseconds: 0,
    vmClock: 0n,
    vmStateSize32: size > 0xffff_ffff ? 0 : size,
    extraSize: EXTRA_SIZE,
  });
  emitter.u64(size);
  emitter.u64(diskSize);
  emitter.u64big(NO_ICOUNT);
  emitter.latin1(ID);
  emitter.latin1(tag);
  return emitter.bytes.subarray(0, Math.ceil(length / 8) * 8);
}

const PIECE = 1024 * 1024;

async function copyStream(stream: ByteSource, emitter: Emitter, size: number): Promise<void> {
  const piece = new Uint8Array(PIECE);
  for (let at = 0; at < size;) {
    const got = await readSource(stream, piece.subarray(0, Math.min(PIECE, size - at)), at);
    if (got === 0) throw cannotEncode(`${stream.label} has ${at} bytes instead of ${size}`);
    await emitter.copy(piece.subarray(0, got));
    at += got;
  }
}
