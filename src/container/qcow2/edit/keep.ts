// A qcow2 image with another stream in the place of a saved state: a copy of the image, in which only the clusters that
// differ are written. A stream of another length takes or gives back clusters behind the image's end. QEMU:
// save_snapshot(), migration/savevm.c; docs/containers/qcow2.md.

import { equalBytes } from '../../../base/bytes.js';
import type { ByteSink } from '../../../bytes/source.js';
import { be32, encodeBytes } from '../../../wire/kit/codec.js';
import type { Kept } from '../../container.js';
import { copyRange, notKept } from '../../keep.js';
import { has } from '../header.js';
import { incompatible } from '../layout.js';
import type { OpenedState } from '../open.js';
import { TableClusters } from './clusters.js';
import { Refcounts } from './refcounts.js';
import { be64Of, StateMap } from './state-map.js';

/** Places in a snapshot's entry and in the header, bytes. */
const ENTRY = { l1At: 0, l1Size: 8, size32: 32, extra: 40 };
const HEADER = { refcountTableAt: 48, refcountTableClusters: 56, l1Size: 36, l1At: 40 };

const ZEROS = new Uint8Array(64 * 1024);

/** @throws MigrationStreamError `cannot-encode`, `io` */
export async function keepImage(opened: OpenedState, sink: ByteSink): Promise<Kept> {
  const { image } = opened;
  if (sink.patch === undefined)
    throw notKept('a qcow2 image is changed in any order, and this output only goes forward', { code: 'file-or-bare' });
  if (has(image.header.incompatible, incompatible.corrupt) || has(image.header.incompatible, incompatible.dirty))
    throw notKept('the image is marked dirty or corrupt, so its refcounts may be wrong', {
      code: 'checked-or-fresh-image',
    });
  await copyRange(image.source, 0, image.size, sink);
  const state = new StateSink(opened, sink, sink.patch);
  return {
    sink: {
      label: sink.label,
      write: (bytes) => state.write(bytes),
      skip: (length) => state.skip(length),
      commit: () => state.commit(),
      abort: () => sink.abort(),
    },
    shift: 0,
  };
}

class StateSink {
  private readonly opened: OpenedState;
  private readonly outer: ByteSink;
  private readonly writeAt: NonNullable<ByteSink['patch']>;
  private readonly tables: TableClusters;
  private readonly refcounts: Refcounts;
  private readonly map: StateMap;
  /** The cluster that is being filled, and what stands there now. */
  private readonly cluster: Uint8Array;
  private readonly old: Uint8Array;
  private filled = 0;
  private position = 0;

  constructor(opened: OpenedState, outer: ByteSink, patch: NonNullable<ByteSink['patch']>) {
    const { image, state } = opened;
    const { clusterSize } = image.geometry;
    this.opened = opened;
    this.outer = outer;
    this.writeAt = patch;
    this.tables = new TableClusters(image.source, clusterSize);
    this.refcounts = new Refcounts(image, this.tables);
    this.map = new StateMap(image, state.space.l1, this.tables, this.refcounts);
    this.cluster = new Uint8Array(clusterSize);
    this.old = new Uint8Array(clusterSize);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const part = bytes.subarray(done, done + this.cluster.length - this.filled);
      this.cluster.set(part, this.filled);
      this.filled += part.length;
      this.position += part.length;
      done += part.length;
      if (this.filled === this.cluster.length) await this.put(this.position - this.filled);
    }
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; left -= ZEROS.length)
      await this.write(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
  }

  async commit(): Promise<void> {
    const { inner, image } = this.opened;
    const { clusterSize } = image.geometry;
    const before = inner.size!;
    const changed = this.position !== before;
    if (this.filled > 0) {
      const at = this.position - this.filled;
      if (changed) this.cluster.fill(0, this.filled);
      else {
        // What stands behind the stream in its last cluster is nobody's; it stays.
        await this.opened.state.space.read(this.old, this.opened.state.at + at);
        this.cluster.set(this.old.subarray(this.filled), this.filled);
      }
      await this.put(at);
    }
    for (let at = Math.ceil(this.position / clusterSize) * clusterSize; at < before; at += clusterSize)
      await this.map.free(this.opened.state.at + at);
    if (changed) await this.writeSize();
    await this.writePlaces();
    await this.tables.flush(this.writeAt);
    await this.outer.commit();
  }

  /** Writes the cluster at byte `at` of the state, unless it is what stands there. */
  private async put(at: number): Promise<void> {
    const { space, at: start } = this.opened.state;
    this.filled = 0;
    await space.read(this.old, start + at);
    if (equalBytes(this.old, this.cluster)) return;
    await this.writeAt(this.cluster, await this.map.place(start + at));
  }

  private async writeSize(): Promise<void> {
    const { choice } = this.opened;
    if (choice.kind === 'active') return;
    const { at, extra } = choice.snapshot;
    const fits = this.position <= 0xffff_ffff;
    if (extra.length < 8 && !fits)
      throw notKept('the snapshot’s entry has no room for a state of 4 GiB or more', { code: 'fresh-image' });
    await this.writeAt(encodeBytes(be32, fits ? this.position : 0), at + ENTRY.size32);
    if (extra.length >= 8) await this.writeAt(be64Of(this.position), at + ENTRY.extra);
  }

  /** Where the tables that moved stand now. */
  private async writePlaces(): Promise<void> {
    const { map, refcounts, opened } = this;
    const { header } = opened.image;
    if (refcounts.tableAt !== header.refcountTableAt) {
      await this.writeAt(be64Of(refcounts.tableAt), HEADER.refcountTableAt);
      await this.writeAt(encodeBytes(be32, refcounts.tableClusters), HEADER.refcountTableClusters);
    }
    if (map.l1At === opened.state.space.l1.at) return;
    const [at, size] = [be64Of(map.l1At), encodeBytes(be32, map.l1Size)];
    if (opened.choice.kind === 'active') {
      await this.writeAt(at, HEADER.l1At);
      await this.writeAt(size, HEADER.l1Size);
    } else {
      await this.writeAt(at, opened.choice.snapshot.at + ENTRY.l1At);
      await this.writeAt(size, opened.choice.snapshot.at + ENTRY.l1Size);
    }
  }
}
