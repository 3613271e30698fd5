// Where a saved VM state lies: what stands in the guest's address space behind the disk. QEMU: qcow2_load_vmstate(),
// block/qcow2.c.

import { quote } from '../../base/quote.js';
import type { TablePlace } from './metadata.js';
import { Run } from './entries.js';
import { extentOf } from './extent.js';
import { vmStateOffset } from './geometry.js';
import type { Qcow2Image } from './image.js';
import { checkL1Place, type Snapshot } from './snapshots.js';
import { GuestSpace } from './space.js';

/** The beginning of a state, found without a look at all of its tables. */
export interface StateHead {
  readonly space: GuestSpace;
  /** Guest offset of the state's first byte. */
  readonly at: number;
}

export interface State extends StateHead {
  /** Bytes up to the end of the last cluster that is allocated for it. */
  readonly extent: number;
}

/**
 * The state of a snapshot, which must have one; its L1 table is checked.
 * @throws MigrationStreamError `bad-container`, `truncated`, `limit-exceeded`, `io`
 */
export async function stateOf(image: Qcow2Image, snapshot: Snapshot): Promise<State> {
  const at = startOf(image, snapshot);
  const space = await GuestSpace.open(image, l1Of(snapshot), at / image.geometry.span);
  return { space, at, extent: await extentOf(space, at) };
}

/** Its beginning, for a look at the first bytes. @throws MigrationStreamError `bad-container`, `truncated`, `io` */
export async function headOf(image: Qcow2Image, snapshot: Snapshot): Promise<StateHead> {
  const at = startOf(image, snapshot);
  return { space: await GuestSpace.open(image, l1Of(snapshot), snapshot.l1Size), at };
}

function startOf({ geometry }: Qcow2Image, snapshot: Snapshot): number {
  const at = vmStateOffset(geometry, snapshot.diskSize, snapshot.at + 48);
  checkL1Place(snapshot, at / geometry.span);
  return at;
}

function l1Of({ l1At, l1Size, id }: Snapshot): TablePlace {
  return { at: l1At, entries: l1Size, what: `the L1 table of snapshot ${quote(id)}` };
}

/**
 * The state in the active L1 table, which no entry names: it is there after `loadvm`, and after a savevm that failed
 * late. Undefined where there is none.
 * @throws MigrationStreamError `bad-container`, `truncated`, `limit-exceeded`, `io`
 */
export async function activeState(image: Qcow2Image): Promise<State | undefined> {
  const { header, geometry } = image;
  const at = vmStateOffset(geometry, header.diskSize, 24);
  const first = at / geometry.span;
  if (header.l1At === 0 || header.l1Size <= first) return undefined;
  const what = 'the active L1 table';
  const space = await GuestSpace.open(image, { at: header.l1At, entries: header.l1Size, what }, first);
  const extent = await extentOf(space, at);
  return extent === 0 ? undefined : { space, at, extent };
}

/** Where the state's first cluster lies in the image, to tell whether two states are the same. */
export async function firstPlace({ space, at }: StateHead): Promise<number | undefined> {
  const run = new Run();
  space.image.entries.runAt(await space.sliceAt(at), at, 1, run);
  return run.kind === 'data' || run.kind === 'compressed' ? run.host : undefined;
}
