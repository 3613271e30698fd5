// Clusters of tables that are being changed: read from the old image when they are needed, written when all is known.

import { HIGH } from '../../../base/units.js';
import { readSource, type ByteSource } from '../../../bytes/source.js';
import { entryHigh, entryLow } from '../layout.js';

interface Cluster {
  readonly view: DataView;
  dirty: boolean;
}

export class TableClusters {
  private readonly kept = new Map<number, Cluster>();
  private readonly source: ByteSource;
  private readonly clusterSize: number;

  constructor(source: ByteSource, clusterSize: number) {
    this.source = source;
    this.clusterSize = clusterSize;
  }

  /** The cluster around byte `at`, for reading. @throws MigrationStreamError `io` */
  async load(at: number): Promise<DataView> {
    return (await this.cluster(at)).view;
  }

  /** The same for writing. */
  async change(at: number): Promise<DataView> {
    const cluster = await this.cluster(at);
    cluster.dirty = true;
    return cluster.view;
  }

  /** A new cluster at `at`: zeros, or a copy of `bytes`. */
  create(at: number, bytes: Uint8Array = new Uint8Array(this.clusterSize)): void {
    this.kept.set(at, { view: new DataView(Uint8Array.from(bytes).buffer), dirty: true });
  }

  /** The offset in the L1, L2 or refcount table entry at `at`. */
  async offset(at: number): Promise<number> {
    const view = await this.load(at);
    return offsetIn(view, at % this.clusterSize);
  }

  /** Makes the entry at `at` lead to `offset`, with bit 63 where the refcount is 1 and the table has that bit. */
  async point(at: number, offset: number, copied: boolean): Promise<void> {
    const view = await this.change(at);
    const place = at % this.clusterSize;
    view.setUint32(place, Math.floor(offset / HIGH) + (copied ? entryHigh.copied : 0));
    view.setUint32(place + 4, offset % HIGH);
  }

  async flush(write: (bytes: Uint8Array, at: number) => Promise<void>): Promise<void> {
    for (const [at, { view, dirty }] of this.kept)
      if (dirty) await write(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), at);
  }

  private async cluster(at: number): Promise<Cluster> {
    const start = at - (at % this.clusterSize);
    const kept = this.kept.get(start);
    if (kept !== undefined) return kept;
    const bytes = new Uint8Array(this.clusterSize);
    // A table may end where the file ends: what is behind reads as zeros.
    await readSource(this.source, bytes, start);
    const cluster = { view: new DataView(bytes.buffer), dirty: false };
    this.kept.set(start, cluster);
    return cluster;
  }
}

/** Bits 9 to 55: what stands there in L1 and L2 entries. */
export function offsetIn(view: DataView, place: number): number {
  return (view.getUint32(place) & entryHigh.offset) * HIGH + ((view.getUint32(place + 4) & entryLow.offset) >>> 0);
}
