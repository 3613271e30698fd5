// Where the clusters of a saved state lie, changed: clusters and L2 tables that others use too are copied before they
// are written, and what nobody uses any more is given back. QEMU: qcow2_alloc_cluster_offset(), block/qcow2-cluster.c.

import { HIGH } from '../../../base/units.js';
import { notKept } from '../../keep.js';
import { damagedImage } from '../error.js';
import { entryHigh, entryLow } from '../layout.js';
import { MAX_L1_BYTES } from '../limits.js';
import type { Qcow2Image } from '../image.js';
import { offsetIn, type TableClusters } from './clusters.js';
import type { Refcounts } from './refcounts.js';

const NO_COMPRESSED = 'the saved state has compressed clusters, which are not written in place';

export class StateMap {
  /** Bytes from the start of the image; another place when the table grew. */
  l1At: number;
  /** Entries. */
  l1Size: number;
  private readonly image: Qcow2Image;
  private readonly tables: TableClusters;
  private readonly refcounts: Refcounts;

  constructor(image: Qcow2Image, l1: { at: number; entries: number }, tables: TableClusters, refcounts: Refcounts) {
    this.image = image;
    this.l1At = l1.at;
    this.l1Size = l1.entries;
    this.tables = tables;
    this.refcounts = refcounts;
  }

  /**
   * Byte offset in the image where the cluster of guest offset `guest` may be written as a whole.
   * @throws MigrationStreamError `cannot-encode`, `bad-container`, `io`
   */
  async place(guest: number): Promise<number> {
    const entryAt = (await this.tableFor(guest, true))! + this.indexOf(guest);
    const old = await this.hostAt(entryAt);
    const unshared = old !== 0 && (await this.refcounts.of(old)) === 1;
    const host = unshared ? old : await this.refcounts.allocate(1);
    await this.pointData(entryAt, host, unshared);
    if (!unshared && old !== 0) await this.release(old, guest, 'data');
    return host;
  }

  /** Nothing stands at `guest` any more. */
  async free(guest: number): Promise<void> {
    if ((await this.tableFor(guest, false)) === undefined) return;
    const entryAt = (await this.tableFor(guest, true))! + this.indexOf(guest);
    const view = await this.tables.load(entryAt);
    const old = await this.hostAt(entryAt);
    const { entrySize, clusterSize } = this.image.geometry;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + (entryAt % clusterSize), entrySize);
    if (bytes.every((byte) => byte === 0)) return;
    await this.tables.change(entryAt);
    bytes.fill(0);
    if (old !== 0) await this.release(old, guest, 'data');
  }

  /** The host cluster of an L2 entry, 0 for none. */
  private async hostAt(entryAt: number): Promise<number> {
    const { clusterSize } = this.image.geometry;
    const view = await this.tables.load(entryAt);
    const place = entryAt % clusterSize;
    if (view.getUint32(place) & entryHigh.compressed) throw notKept(NO_COMPRESSED, { code: 'fresh-image' });
    const host = offsetIn(view, place);
    if (host % clusterSize !== 0) throw damagedImage('an L2 entry leads to no cluster’s start', { offset: entryAt });
    return host;
  }

  /** Leaves an entry alone that says the same already. */
  private async pointData(entryAt: number, host: number, same: boolean): Promise<void> {
    const { clusterSize, entrySize } = this.image.geometry;
    const place = entryAt % clusterSize;
    const old = await this.tables.load(entryAt);
    const extended = entrySize === 16;
    const whole = extended
      ? old.getUint32(place + 8) === 0 && old.getUint32(place + 12) === 0xffff_ffff
      : (old.getUint32(place + 4) & entryLow.zero) === 0;
    if (same && whole) return;
    await this.tables.point(entryAt, host, true);
    if (!extended) return;
    const view = await this.tables.change(entryAt);
    view.setUint32(place + 8, 0);
    view.setUint32(place + 12, 0xffff_ffff);
  }

  /** The L2 table for `guest`. With `writable` it is a table that only this state uses. */
  private async tableFor(guest: number, writable: boolean): Promise<number | undefined> {
    const { span, clusterSize } = this.image.geometry;
    const index = Math.floor(guest / span);
    if (index >= this.l1Size) {
      if (!writable) return undefined;
      await this.growL1(index + 1);
    }
    const entryAt = this.l1At + index * 8;
    const old = await this.tables.offset(entryAt);
    if (!writable) return old === 0 ? undefined : old;
    if (old !== 0 && (await this.refcounts.of(old)) === 1) return old;
    const at = await this.refcounts.allocate(1);
    if (old === 0) this.tables.create(at);
    else {
      const view = await this.tables.load(old);
      this.tables.create(at, new Uint8Array(view.buffer, view.byteOffset, clusterSize));
    }
    await this.tables.point(entryAt, at, true);
    if (old !== 0) await this.release(old, guest, 'table');
    return at;
  }

  private async growL1(entries: number): Promise<void> {
    const { clusterSize } = this.image.geometry;
    if (entries * 8 > MAX_L1_BYTES) throw notKept('the state would be larger than a qcow2 image can hold');
    const clusters = Math.ceil((entries * 8) / clusterSize);
    const at = await this.refcounts.allocate(clusters);
    for (let i = 0; i < clusters; i += 1) this.tables.create(at + i * clusterSize);
    for (let index = 0; index < this.l1Size; index += 1) {
      const from = await this.tables.load(this.l1At + index * 8);
      const to = await this.tables.change(at + index * 8);
      to.setBigUint64((index * 8) % clusterSize, from.getBigUint64((index * 8) % clusterSize));
    }
    const old = Math.ceil((this.l1Size * 8) / clusterSize);
    for (let i = 0; i < old; i += 1) await this.refcounts.drop(this.l1At + i * clusterSize);
    this.l1At = at;
    this.l1Size = entries;
  }

  /** One user less of a cluster. The active tables must mark a cluster that nobody else uses now. */
  private async release(at: number, guest: number, what: 'data' | 'table'): Promise<void> {
    if ((await this.refcounts.drop(at)) !== 1) return;
    const { header, geometry } = this.image;
    const index = Math.floor(guest / geometry.span);
    if (index >= header.l1Size) return;
    const l1EntryAt = header.l1At + index * 8;
    const table = await this.tables.offset(l1EntryAt);
    const entryAt = what === 'table' ? l1EntryAt : table + this.indexOf(guest);
    if (table === 0 || (await this.tables.offset(entryAt)) !== at) return;
    const view = await this.tables.change(entryAt);
    const place = entryAt % geometry.clusterSize;
    view.setUint32(place, (view.getUint32(place) | entryHigh.copied) >>> 0);
  }

  /** Where in its L2 table the entry stands, bytes. */
  private indexOf(guest: number): number {
    const { span, clusterSize, entrySize } = this.image.geometry;
    return Math.floor((guest % span) / clusterSize) * entrySize;
  }
}

/** Bytes of a u64 that counts bytes. */
export function be64Of(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, Math.floor(value / HIGH));
  view.setUint32(4, value % HIGH);
  return new Uint8Array(view.buffer);
}
