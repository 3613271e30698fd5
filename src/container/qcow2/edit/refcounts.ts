// Refcounts of a qcow2 image that is being changed, and new clusters behind its end. QEMU: qcow2_alloc_clusters(),
// block/qcow2-refcount.c.

import { HIGH } from '../../../base/units.js';
import { notKept } from '../../keep.js';
import { damagedImage } from '../error.js';
import type { Qcow2Image } from '../image.js';
import { MAX_REFCOUNT_TABLE_BYTES } from '../limits.js';
import type { TableClusters } from './clusters.js';

export class Refcounts {
  /** The refcount table, as the header must name it at the end. */
  tableAt: number;
  tableClusters: number;
  private readonly tables: TableClusters;
  private readonly clusterSize: number;
  /** Bits of a refcount. */
  private readonly width: number;
  private readonly perBlock: number;
  /** The next cluster that nobody has. */
  private next: number;

  constructor({ header, geometry, size }: Qcow2Image, tables: TableClusters) {
    this.tables = tables;
    this.tableAt = header.refcountTableAt;
    this.tableClusters = header.refcountTableClusters;
    this.clusterSize = geometry.clusterSize;
    this.width = 2 ** header.refcountOrder;
    this.perBlock = (geometry.clusterSize * 8) / this.width;
    this.next = Math.ceil(size / geometry.clusterSize);
  }

  /** Of the cluster at byte `at`. */
  async of(at: number): Promise<number> {
    const cluster = at / this.clusterSize;
    const block = await this.blockOf(cluster);
    if (block === 0) return 0;
    return this.get(await this.tables.load(block), cluster % this.perBlock);
  }

  /** One user less. Answers how many are left. @throws MigrationStreamError `bad-container` */
  async drop(at: number): Promise<number> {
    const left = (await this.of(at)) - 1;
    if (left < 0) throw damagedImage(`the refcount of a cluster that is used is 0`, { offset: at });
    await this.set(at / this.clusterSize, left);
    return left;
  }

  /**
   * Byte offset of `count` new clusters in a row, each with refcount 1. @throws MigrationStreamError `cannot-encode`
   */
  async allocate(count: number): Promise<number> {
    for (;;) {
      const first = this.next;
      let free = true;
      for (let cluster = first; cluster < first + count && free; cluster += 1) {
        // Its refcount block may be made first, and take the place.
        await this.ensureBlock(cluster);
        free = this.next === first && (await this.of(cluster * this.clusterSize)) === 0;
        if (!free && this.next === first) this.next = cluster + 1;
      }
      if (!free) continue;
      this.next = first + count;
      for (let cluster = first; cluster < first + count; cluster += 1) await this.set(cluster, 1);
      return first * this.clusterSize;
    }
  }

  private async set(cluster: number, count: number): Promise<void> {
    await this.ensureBlock(cluster);
    const view = await this.tables.change(await this.blockOf(cluster));
    this.put(view, cluster % this.perBlock, count);
  }

  /** Byte offset of the block that counts `cluster`; 0: there is none. */
  private async blockOf(cluster: number): Promise<number> {
    const index = Math.floor(cluster / this.perBlock);
    if (index * 8 >= this.tableClusters * this.clusterSize) return 0;
    const at = await this.tables.offset(this.tableAt + index * 8);
    if (at % this.clusterSize !== 0)
      throw damagedImage('a refcount block does not begin at a cluster', { offset: this.tableAt + index * 8 });
    return at;
  }

  private async ensureBlock(cluster: number): Promise<void> {
    const index = Math.floor(cluster / this.perBlock);
    if (index * 8 >= this.tableClusters * this.clusterSize) await this.growTable(index);
    if ((await this.blockOf(cluster)) !== 0) return;
    const block = this.next;
    this.next += 1;
    this.tables.create(block * this.clusterSize);
    await this.tables.point(this.tableAt + index * 8, block * this.clusterSize, false);
    // It may count itself.
    await this.set(block, 1);
  }

  /** A longer table elsewhere. */
  private async growTable(index: number): Promise<void> {
    const { tableAt: oldAt, tableClusters: oldClusters, clusterSize } = this;
    const clusters = Math.ceil(((index + 1) * 8) / clusterSize) + 1;
    if (clusters * clusterSize > MAX_REFCOUNT_TABLE_BYTES)
      throw notKept('the image would need a larger refcount table than QEMU reads', { code: 'fresh-image' });
    const first = this.next;
    this.next += clusters;
    for (let i = 0; i < clusters; i += 1) {
      const old = i < oldClusters ? await this.tables.load(oldAt + i * clusterSize) : undefined;
      this.tables.create((first + i) * clusterSize, old && new Uint8Array(old.buffer, old.byteOffset, clusterSize));
    }
    this.tableAt = first * clusterSize;
    this.tableClusters = clusters;
    for (let i = 0; i < clusters; i += 1) await this.set(first + i, 1);
    for (let i = 0; i < oldClusters; i += 1) await this.drop(oldAt + i * clusterSize);
  }

  private get(view: DataView, index: number): number {
    const { width } = this;
    if (width < 8) return (view.getUint8(Math.floor((index * width) / 8)) >> ((index * width) % 8)) & (2 ** width - 1);
    const at = (index * width) / 8;
    if (width === 8) return view.getUint8(at);
    if (width === 16) return view.getUint16(at);
    return width === 32 ? view.getUint32(at) : view.getUint32(at) * HIGH + view.getUint32(at + 4);
  }

  private put(view: DataView, index: number, count: number): void {
    const { width } = this;
    const at = Math.floor((index * width) / 8);
    if (width < 8) {
      const shift = (index * width) % 8;
      const mask = (2 ** width - 1) << shift;
      view.setUint8(at, (view.getUint8(at) & ~mask) | (count << shift));
    } else if (width === 8) view.setUint8(at, count);
    else if (width === 16) view.setUint16(at, count);
    else if (width === 32) view.setUint32(at, count);
    else {
      view.setUint32(at, Math.floor(count / HIGH));
      view.setUint32(at + 4, count % HIGH);
    }
  }
}
