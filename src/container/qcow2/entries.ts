// L2 entries as the mapping of one allocation unit, and neighbours as one run. Synchronous, and without an object for
// each cluster. QEMU: qcow2_get_host_offset(), qcow2_get_subcluster_range_type(), block/qcow2-cluster.c.

import { HIGH } from '../../base/units.js';
import { hex } from '../../bytes/window.js';
import { cutImage, damagedImage } from './error.js';
import type { Geometry } from './geometry.js';
import { entryHigh, entryLow } from './layout.js';

/** Entries of one L2 table, as many as one piece holds. */
export interface TableSlice {
  /** Undefined: no L2 table, so everything is unallocated. */
  readonly view: DataView | undefined;
  /** Place of the first entry in the image. */
  readonly at: number;
  /** Guest offsets that the entries map. */
  readonly start: number;
  readonly end: number;
}

/** What stands at a range of guest offsets. */
export class Run {
  kind: 'data' | 'zero' | 'unallocated' | 'compressed' = 'unallocated';
  /** Place in the image of the data, for `data` and `compressed`. */
  host = 0;
  /** Guest bytes. */
  length = 0;
  /** Bytes in the image of a compressed cluster, rounded up to sectors. */
  packed = 0;
  /** Place in the image of the first entry, for errors. */
  entryAt = 0;
}

export class EntryReader {
  private readonly unit = new Run();

  private readonly geometry: Geometry;
  private readonly version: number;
  private readonly imageSize: number;

  constructor(geometry: Geometry, version: number, imageSize: number) {
    this.geometry = geometry;
    this.version = version;
    this.imageSize = imageSize;
  }

  /**
   * Puts into `run` what stands at `guest`, for at most `limit` bytes, neighbours of the same kind included. A
   * compressed cluster is a run of its own, which starts at the cluster.
   * @throws MigrationStreamError `bad-container`, `truncated`
   */
  runAt(slice: TableSlice, guest: number, limit: number, run: Run): void {
    const { unit: size } = this.geometry;
    const end = Math.min(slice.end, guest + limit);
    this.decode(slice, guest, run);
    const into = guest % size;
    if (run.kind === 'compressed') return;
    if (run.kind === 'data') run.host += into;
    run.length = Math.min(size - into, end - guest);
    while (guest + run.length < end) {
      this.decode(slice, guest + run.length, this.unit);
      if (this.unit.kind !== run.kind) return;
      if (run.kind === 'data' && this.unit.host !== run.host + run.length) return;
      run.length = Math.min(run.length + size, end - guest);
    }
  }

  /** The unit that holds `guest`, from its first byte on. */
  private decode(slice: TableSlice, guest: number, out: Run): void {
    const { clusterSize, entrySize, unit } = this.geometry;
    out.kind = 'unallocated';
    out.length = unit;
    if (slice.view === undefined) return;
    const index = Math.floor((guest - slice.start) / clusterSize) * entrySize;
    out.entryAt = slice.at + index;
    if (index + entrySize > slice.view.byteLength) throw cutImage('an L2 table', out.entryAt, this.imageSize);
    const high = slice.view.getUint32(index);
    const low = slice.view.getUint32(index + 4);
    if (high & entryHigh.compressed) {
      this.decodeCompressed(high, low, out);
      return;
    }
    const offset = (high & entryHigh.offset) * HIGH + ((low & entryLow.offset) >>> 0);
    if (offset % clusterSize !== 0)
      throw damagedImage(`the L2 entry leads to ${hex(offset)}, which is no cluster’s start`, { offset: out.entryAt });
    if (unit < clusterSize) this.decodeSubcluster(slice.view, index, guest, offset, out);
    else if (low & entryLow.zero) {
      if (this.version < 3) throw damagedImage('a zero cluster in an image of version 2', { offset: out.entryAt });
      out.kind = 'zero';
    } else if (offset !== 0) {
      out.kind = 'data';
      out.host = offset;
    }
  }

  private decodeSubcluster(view: DataView, index: number, guest: number, host: number, out: Run): void {
    const { clusterSize, unit } = this.geometry;
    const subcluster = Math.floor((guest % clusterSize) / unit);
    const zero = (view.getUint32(index + 8) >>> subcluster) & 1;
    const allocated = (view.getUint32(index + 12) >>> subcluster) & 1;
    if (zero && allocated)
      throw damagedImage(`subcluster ${subcluster} is both zero and allocated`, { offset: out.entryAt });
    if (allocated && host === 0)
      throw damagedImage(`subcluster ${subcluster} is allocated, its cluster is not`, { offset: out.entryAt });
    if (zero) out.kind = 'zero';
    else if (allocated) {
      out.kind = 'data';
      out.host = host + subcluster * unit;
    }
  }

  /** Offset and sector count share bits 0 to 61, and the border depends on the cluster size. */
  private decodeCompressed(high: number, low: number, out: Run): void {
    const { clusterSize } = this.geometry;
    const border = 62 - (Math.log2(clusterSize) - 8) - 32;
    const host = (high & (2 ** border - 1)) * HIGH + low;
    const sectors = ((high & 0x3fff_ffff) >>> border) + 1;
    out.kind = 'compressed';
    out.host = host;
    out.packed = sectors * 512 - (host % 512);
    out.length = clusterSize;
  }
}
