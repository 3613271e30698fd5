// The guest's address space by one L1 table: disk and VM state as they were at a snapshot. QEMU:
// qcow2_co_preadv_part(), block/qcow2.c.

import { HIGH } from '../../base/units.js';
import { readSource } from '../../bytes/source.js';
import { hex } from '../../bytes/window.js';
import { Run, type TableSlice } from './entries.js';
import { cutImage, damagedImage, imageError } from './error.js';
import type { Qcow2Image } from './image.js';
import { entryHigh, entryLow } from './layout.js';
import { MAX_L1_BYTES } from './limits.js';
import { Metadata, type TablePlace } from './metadata.js';

export class GuestSpace {
  readonly image: Qcow2Image;
  readonly l1: TablePlace;
  private readonly metadata: Metadata;

  private constructor(image: Qcow2Image, l1: TablePlace, metadata: Metadata) {
    this.image = image;
    this.l1 = l1;
    this.metadata = metadata;
  }

  /**
   * Checks the L1 table from entry `first` on: L2 tables must lie in the image, at clusters of their own.
   * @throws MigrationStreamError `bad-container`, `truncated`, `limit-exceeded`, `io`
   */
  static async open(image: Qcow2Image, l1: TablePlace, first = 0): Promise<GuestSpace> {
    const { pieces } = image;
    const path = [l1.what];
    const bytes = l1.entries * 8;
    if (bytes > MAX_L1_BYTES) throw imageError('limit-exceeded', `${l1.entries} entries`, { offset: l1.at, path });
    if (l1.at % image.geometry.clusterSize !== 0)
      throw damagedImage(`${hex(l1.at)} is no cluster’s start`, { offset: l1.at, path });
    if (l1.at + bytes > image.size) throw cutImage(l1.what, l1.at + bytes, image.size, path);
    const metadata = new Metadata(image, l1, Math.max(0, l1.entries - first));
    for (let index = first; index < l1.entries;) {
      // All entries of one piece at once, so that no promise is made for each.
      const start = (l1.at + index * 8) % pieces.size;
      const piece = await pieces.load(l1.at + index * 8 - start);
      if (start + 8 > piece.byteLength) throw cutImage(l1.what, l1.at + index * 8, image.size, path);
      for (let at = start; at + 8 <= piece.byteLength && index < l1.entries; at += 8, index += 1)
        metadata.addL2(offsetAt(piece, at), index);
    }
    metadata.finish();
    return new GuestSpace(image, l1, metadata);
  }

  /**
   * Fills `into` with what stands at guest offset `guest`.
   * @throws MigrationStreamError `bad-container`, `truncated`, `unsupported`, `io`
   */
  async read(into: Uint8Array, guest: number): Promise<void> {
    for (let done = 0; done < into.length;) done += await this.readUpTo(into.subarray(done), guest + done);
  }

  /**
   * The same up to the first place that cannot be read; how many bytes. 0 only for an empty `into`.
   * @throws as `read`, when that place is `guest` itself
   */
  async readUpTo(into: Uint8Array, guest: number): Promise<number> {
    const run = new Run();
    let done = 0;
    try {
      while (done < into.length) {
        const slice = await this.sliceAt(guest + done);
        while (done < into.length && guest + done < slice.end) {
          this.image.entries.runAt(slice, guest + done, into.length - done, run);
          done += await this.readRun(into.subarray(done), guest + done, run);
        }
      }
    } catch (error) {
      if (done === 0) throw error;
    }
    return done;
  }

  /** The L2 entries around a guest offset. @throws MigrationStreamError `truncated`, `io` */
  async sliceAt(guest: number): Promise<TableSlice> {
    const { pieces, geometry } = this.image;
    const place = this.l1Entry(guest);
    const table =
      place === undefined ? 0 : this.tableAt(await pieces.load(place - (place % pieces.size)), place % pieces.size);
    const at = table + this.inTable(guest);
    return this.slice(guest, at, table === 0 ? undefined : await pieces.load(at), geometry.span);
  }

  /** The same by what is in hand; undefined where a table must be read first. */
  sliceInHand(guest: number): TableSlice | undefined {
    const { pieces, geometry } = this.image;
    const place = this.l1Entry(guest);
    const l1 = place === undefined ? undefined : pieces.inHand(place - (place % pieces.size));
    const table = place === undefined || l1 === undefined ? 0 : this.tableAt(l1, place % pieces.size);
    const at = table + this.inTable(guest);
    const view = pieces.inHand(at);
    return table === 0 || view === undefined ? undefined : this.slice(guest, at, view, geometry.span);
  }

  /** Does the L1 table lead to an L2 table for this guest offset? @throws MigrationStreamError `truncated`, `io` */
  async hasTable(guest: number): Promise<boolean> {
    return (await this.sliceAt(guest)).view !== undefined;
  }

  /** Place in the image of the L1 entry; undefined behind the table's end. */
  private l1Entry(guest: number): number | undefined {
    const index = Math.floor(guest / this.image.geometry.span);
    return index < this.l1.entries ? this.l1.at + index * 8 : undefined;
  }

  /** Place in the image of the L2 table; 0: none. */
  private tableAt(piece: DataView, at: number): number {
    if (at + 8 > piece.byteLength) throw cutImage(this.l1.what, this.l1.at, this.image.size);
    return offsetAt(piece, at);
  }

  /** Where in the L2 table the piece with the entry begins. */
  private inTable(guest: number): number {
    const { pieces, geometry } = this.image;
    const entry = Math.floor((guest % geometry.span) / geometry.clusterSize) * geometry.entrySize;
    return entry - (entry % pieces.size);
  }

  private slice(guest: number, at: number, view: DataView | undefined, span: number): TableSlice {
    const { pieces, geometry } = this.image;
    const start = guest - (guest % span);
    if (view === undefined) return { view, at: 0, start, end: start + span };
    const from = start + (this.inTable(guest) / geometry.entrySize) * geometry.clusterSize;
    return { view, at, start: from, end: from + (pieces.size / geometry.entrySize) * geometry.clusterSize };
  }

  /** Reads one run, as much of it as `into` has room for. */
  private async readRun(into: Uint8Array, guest: number, run: Run): Promise<number> {
    const { image } = this;
    if (run.kind === 'compressed') {
      const cluster = await image.compressed.cluster(run.host, run.packed, run.entryAt);
      const skip = guest % image.geometry.clusterSize;
      const part = cluster.subarray(skip, skip + into.length);
      into.set(part);
      return part.length;
    }
    // Of clusters in a row, those that the image still has.
    const there = run.kind === 'data' && run.host < image.size ? image.size - run.host : Infinity;
    const part = into.subarray(0, Math.min(run.length, there));
    if (run.kind === 'data') await this.readData(part, run);
    else if (run.kind === 'unallocated' && image.backing !== undefined) await image.backing.read(part, guest);
    else part.fill(0);
    return part.length;
  }

  private async readData(part: Uint8Array, run: Run): Promise<void> {
    const { size, source } = this.image;
    const table = this.metadata.overlapping(run.host, run.host + part.length);
    if (table !== undefined)
      throw damagedImage(`the data at ${hex(run.host)} overlaps ${table}`, { offset: run.entryAt });
    if (run.host + part.length > size) throw cutImage('data', run.host + part.length, size);
    const got = await readSource(source, part, run.host);
    if (got < part.length) throw cutImage('data', run.host + part.length, run.host + got);
  }
}

/** The offset in an L1 entry. */
function offsetAt(piece: DataView, at: number): number {
  return (piece.getUint32(at) & entryHigh.offset) * HIGH + ((piece.getUint32(at + 4) & entryLow.offset) >>> 0);
}
