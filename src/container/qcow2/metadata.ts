// Where the tables of a qcow2 image lie, so that tables which overlap, and data that overlaps a table, are found.

import { hex } from '../../bytes/window.js';
import { cutImage, damagedImage } from './error.js';
import type { Qcow2Image } from './image.js';

interface Table {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

/** An L1 table. */
export interface TablePlace {
  /** Bytes from the start of the image. */
  readonly at: number;
  readonly entries: number;
  /** For errors: "the L1 table of snapshot …". */
  readonly what: string;
}

/** The tables through which one L1 table leads. */
export class Metadata {
  private readonly image: Qcow2Image;
  private readonly l1: TablePlace;
  private readonly fixed: readonly Table[];
  /** Offsets of the L2 tables; sorted after `finish`. 8 bytes each: QEMU's largest L1 table has 4 million entries. */
  private l2: Float64Array;
  private count = 0;

  /** `entries`: L2 tables at most. */
  constructor(image: Qcow2Image, l1: TablePlace, entries: number) {
    this.image = image;
    this.l1 = l1;
    const { header, geometry } = image;
    const table = (what: string, start: number, length: number): Table => ({ what, start, end: start + length });
    this.fixed = [
      table('the header', 0, geometry.clusterSize),
      table(l1.what, l1.at, l1.entries * 8),
      table('the active L1 table', header.l1At, header.l1Size * 8),
      table('the refcount table', header.refcountTableAt, header.refcountTableClusters * geometry.clusterSize),
    ];
    this.l2 = new Float64Array(entries);
  }

  /** Takes an entry of the L1 table; 0 stands for no L2 table. @throws MigrationStreamError */
  addL2(offset: number, index: number): void {
    if (offset === 0) return;
    const { clusterSize } = this.image.geometry;
    const path = [this.l1.what, `entry ${index}`];
    const at = this.l1.at + index * 8;
    if (offset % clusterSize !== 0)
      throw damagedImage(`the L2 table at ${hex(offset)} does not begin at a cluster`, { offset: at, path });
    if (offset >= this.image.size) throw cutImage('the L2 table', offset, this.image.size, path);
    const overlapped = this.fixed.find(({ start, end }) => offset < end && offset + clusterSize > start);
    if (overlapped !== undefined)
      throw damagedImage(`the L2 table at ${hex(offset)} overlaps ${overlapped.what}`, { offset: at, path });
    this.l2[this.count++] = offset;
  }

  /** @throws MigrationStreamError `bad-container` when one L2 table stands in two entries */
  finish(): void {
    this.l2 = this.l2.slice(0, this.count).sort();
    const twice = this.l2.findIndex((offset, i) => i > 0 && offset === this.l2[i - 1]);
    if (twice === -1) return;
    throw damagedImage(`two entries lead to the L2 table at ${hex(this.l2[twice]!)}`, {
      offset: this.l1.at,
      path: [this.l1.what],
    });
  }

  /** The table that the bytes `start` to `end` of the image touch. */
  overlapping(start: number, end: number): string | undefined {
    const fixed = this.fixed.find((table) => start < table.end && end > table.start);
    if (fixed !== undefined) return fixed.what;
    const { clusterSize } = this.image.geometry;
    let low = 0;
    let high = this.l2.length;
    // The first L2 table that ends behind `start`.
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.l2[middle]! + clusterSize <= start) low = middle + 1;
      else high = middle;
    }
    const found = this.l2[low];
    return found !== undefined && found < end ? `the L2 table at ${hex(found)}` : undefined;
  }
}
