// Makes qcow2 images in memory, cluster by cluster, so that each test can say what stands where. Small and whole:
// header, refcounts, L1 and L2 tables, snapshot table, data. Independent of src/container/qcow2, apart from nothing.
import { deflateRawSync } from 'node:zlib';

export interface ImageWish {
  readonly version?: 2 | 3;
  readonly clusterBits?: number;
  readonly diskSize?: number;
  readonly extendedL2?: boolean;
  /** The states, in order; `undefined`: a snapshot of the disk alone. */
  readonly snapshots?: readonly SnapshotWish[];
  /** In the active L1 table behind the disk. */
  readonly active?: Uint8Array;
  readonly backing?: { readonly name: string; readonly format?: string };
  readonly cryptMethod?: number;
  readonly incompatible?: bigint;
  /** Header extensions: type and data. */
  readonly extensions?: readonly (readonly [type: number, data: Uint8Array])[];
  readonly compressionType?: number;
}

export interface SnapshotWish {
  readonly id: string;
  readonly tag: string;
  readonly state?: Uint8Array;
  /** What the entry says; by default the length of `state`. */
  readonly vmStateSize?: number;
  readonly diskSize?: number;
  /** Bytes of extra data: 24 by default; 0, 8, 16 are older formats. */
  readonly extraSize?: number;
  /** Each cluster compressed by this; by default none is. */
  readonly compress?: (cluster: Uint8Array) => Uint8Array;
  /** Clusters of zeros become holes: `zero` entries, or nothing at all. */
  readonly holes?: 'zero' | 'unallocated';
}

export interface Made {
  readonly bytes: Buffer;
  /** Places in the image. */
  readonly at: {
    readonly snapshots: number;
    /** Of each snapshot, then of the active table. */
    readonly l1: readonly number[];
    readonly l2: readonly number[];
    readonly data: readonly (readonly number[])[];
  };
}

export const deflateCluster = (cluster: Uint8Array): Uint8Array => deflateRawSync(cluster, { windowBits: 12 });

const COPIED = 1n << 63n;

export function makeImage(wish: ImageWish = {}): Made {
  const { version = 3, clusterBits = 12, diskSize = 1 << 20, extendedL2 = false, snapshots = [] } = wish;
  const clusterSize = 2 ** clusterBits;
  const entrySize = extendedL2 ? 16 : 8;
  const span = clusterSize * (clusterSize / entrySize);
  const clusters: Buffer[] = [];
  const allocate = (count = 1): number => {
    const at = clusters.length * clusterSize;
    for (let i = 0; i < count; i += 1) clusters.push(Buffer.alloc(clusterSize));
    return at;
  };
  const write = (at: number, bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length;) {
      const into = clusters[Math.floor((at + done) / clusterSize)]!;
      const start = (at + done) % clusterSize;
      const part = bytes.subarray(done, done + clusterSize - start);
      into.set(part, start);
      done += part.length;
    }
  };
  const put64 = (at: number, value: bigint | number): void => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    write(at, bytes);
  };
  allocate();
  const l1s: number[] = [];
  const l2s: number[] = [];
  const data: number[][] = [];

  /** An L1 table that leads to `state` behind a disk of `size` bytes. */
  const table = (
    state: Uint8Array | undefined,
    size: number,
    how: Partial<SnapshotWish>,
  ): readonly [number, number] => {
    const first = Math.ceil(size / span);
    const count = state === undefined ? 0 : Math.ceil(state.length / span);
    const entries = Math.max(1, first + count);
    const l1 = allocate(Math.ceil((entries * 8) / clusterSize));
    l1s.push(l1);
    const places: number[] = [];
    data.push(places);
    for (let i = 0; i < count; i += 1) {
      const l2 = allocate();
      l2s.push(l2);
      put64(l1 + (first + i) * 8, BigInt(l2) | COPIED);
      for (
        let at = i * span, entry = l2;
        at < Math.min(state!.length, (i + 1) * span);
        at += clusterSize, entry += entrySize
      ) {
        const part = Buffer.alloc(clusterSize);
        const used = state!.subarray(at, at + clusterSize);
        part.set(used);
        if (how.holes !== undefined && part.every((byte) => byte === 0)) {
          if (how.holes === 'zero' && extendedL2) put64(entry + 8, 0xffff_ffff_0000_0000n);
          else if (how.holes === 'zero') put64(entry, 1n);
          continue;
        }
        const packed = how.compress?.(part);
        if (packed !== undefined && packed.length < clusterSize) {
          // Not at a sector, as QEMU packs them too.
          const host = allocate() + 3;
          write(host, packed);
          places.push(host);
          const x = BigInt(62 - (clusterBits - 8));
          const sectors = BigInt(Math.floor((host + packed.length - 1) / 512) - Math.floor(host / 512));
          put64(entry, (1n << 62n) | (sectors << x) | BigInt(host));
          continue;
        }
        const host = allocate();
        places.push(host);
        write(host, part);
        put64(entry, BigInt(host) | COPIED);
        const subclusters = Math.ceil(used.length / (clusterSize / 32));
        if (extendedL2) put64(entry + 8, (1n << BigInt(subclusters)) - 1n);
      }
    }
    return [l1, entries];
  };

  const entries = snapshots.map((snapshot) => {
    const { id, tag, state, extraSize = 24, diskSize: size = diskSize } = snapshot;
    const [l1, l1Size] = table(state, size, snapshot);
    const idBytes = Buffer.from(id);
    const tagBytes = Buffer.from(tag);
    const length = 40 + extraSize + idBytes.length + tagBytes.length;
    const entry = Buffer.alloc(Math.ceil(length / 8) * 8);
    const vmStateSize = snapshot.vmStateSize ?? state?.length ?? 0;
    entry.writeBigUInt64BE(BigInt(l1), 0);
    entry.writeUInt32BE(l1Size, 8);
    entry.writeUInt16BE(idBytes.length, 12);
    entry.writeUInt16BE(tagBytes.length, 14);
    entry.writeUInt32BE(1_700_000_000, 16);
    entry.writeBigUInt64BE(1_500_000_000n, 24);
    entry.writeUInt32BE(vmStateSize > 0xffff_ffff ? 0 : vmStateSize, 32);
    entry.writeUInt32BE(extraSize, 36);
    const extra = Buffer.alloc(Math.max(24, extraSize));
    extra.writeBigUInt64BE(BigInt(vmStateSize), 0);
    extra.writeBigUInt64BE(BigInt(size), 8);
    extra.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 16);
    entry.set(extra.subarray(0, extraSize), 40);
    entry.set(idBytes, 40 + extraSize);
    entry.set(tagBytes, 40 + extraSize + idBytes.length);
    return entry;
  });
  const [activeL1, activeSize] = table(wish.active, diskSize, {});
  const snapshotTable = Buffer.concat(entries);
  const snapshotsAt = entries.length === 0 ? 0 : allocate(Math.ceil(snapshotTable.length / clusterSize));
  if (entries.length > 0) write(snapshotsAt, snapshotTable);
  // Refcounts last, so that everything before is counted: 16 bits each.
  const refcountTable = allocate();
  const perBlock = clusterSize / 2;
  const blocks = Math.ceil((clusters.length + 8) / perBlock);
  for (let i = 0; i < blocks; i += 1) put64(refcountTable + i * 8, allocate());
  for (let i = 0; i < clusters.length; i += 1) {
    const block = Number(clusters[refcountTable / clusterSize]!.readBigUInt64BE(Math.floor(i / perBlock) * 8));
    write(block + (i % perBlock) * 2, Buffer.from([0, 1]));
  }
  const header = clusters[0]!;
  header.write('QFI\xfb', 0, 'latin1');
  header.writeUInt32BE(version, 4);
  header.writeUInt32BE(clusterBits, 20);
  header.writeBigUInt64BE(BigInt(diskSize), 24);
  header.writeUInt32BE(wish.cryptMethod ?? 0, 32);
  header.writeUInt32BE(activeSize, 36);
  header.writeBigUInt64BE(BigInt(activeL1), 40);
  header.writeBigUInt64BE(BigInt(refcountTable), 48);
  header.writeUInt32BE(1, 56);
  header.writeUInt32BE(entries.length, 60);
  header.writeBigUInt64BE(BigInt(snapshotsAt), 64);
  let at = 72;
  if (version === 3) {
    const bits = (wish.incompatible ?? 0n) | (extendedL2 ? 16n : 0n) | (wish.compressionType === undefined ? 0n : 8n);
    header.writeBigUInt64BE(bits, 72);
    header.writeUInt32BE(4, 96);
    header.writeUInt32BE(112, 100);
    header.writeUInt8(wish.compressionType ?? 0, 104);
    at = 112;
  }
  const { backing } = wish;
  const format = backing?.format;
  const extensions = [
    ...(wish.extensions ?? []),
    ...(format === undefined ? [] : [[0xe2792aca, Buffer.from(format)] as const]),
  ];
  for (const [type, bytes] of extensions) {
    header.writeUInt32BE(type, at);
    header.writeUInt32BE(bytes.length, at + 4);
    header.set(bytes, at + 8);
    at += 8 + Math.ceil(bytes.length / 8) * 8;
  }
  if (backing !== undefined) {
    const name = Buffer.from(backing.name);
    header.set(name, at + 8);
    header.writeBigUInt64BE(BigInt(at + 8), 8);
    header.writeUInt32BE(name.length, 16);
  }
  return { bytes: Buffer.concat(clusters), at: { snapshots: snapshotsAt, l1: l1s, l2: l2s, data } };
}
