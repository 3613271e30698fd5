// What can be chosen in a qcow2 image: the snapshots, and a state that only the active L1 table leads to.

import { MigrationStreamError } from '../../base/errors.js';
import type { SavedStateRow } from '../../base/saved-state.js';
import { latin1 } from '../../bytes/window.js';
import { MAX_MACHINE_NAME } from '../../limits.js';
import { QEMU_VM_FILE_MAGIC } from '../../wire/file-header.js';
import { sectionType } from '../../wire/section.js';
import type { Qcow2Image } from './image.js';
import { MAX_LISTED_MACHINES } from './limits.js';
import type { Snapshot } from './snapshots.js';
import { activeState, firstPlace, headOf, type State, type StateHead } from './state.js';

/** @throws MigrationStreamError `io`; damage of one state stands in its row */
export async function listSnapshots(
  image: Qcow2Image,
  snapshots: readonly Snapshot[],
  active: State | undefined,
): Promise<SavedStateRow[]> {
  const rows: SavedStateRow[] = [];
  for (const [index, snapshot] of snapshots.entries()) {
    const diskOnly = snapshot.vmStateSize === 0;
    const looked = diskOnly || index >= MAX_LISTED_MACHINES ? {} : await lookAt(() => headOf(image, snapshot));
    rows.push({
      id: snapshot.id,
      tag: snapshot.name,
      date: new Date(snapshot.dateSeconds * 1000 + Math.floor(snapshot.dateNanoseconds / 1e6)).toISOString(),
      vmClock: Number(snapshot.vmClock) / 1e9,
      stateSize: snapshot.vmStateSize,
      diskSize: snapshot.diskSize,
      diskOnly,
      machine: null,
      damage: null,
      ...looked,
    });
  }
  if (active !== undefined) {
    const { diskSize } = image.header;
    const stateSize = active.extent;
    const row = { id: null, tag: null, date: null, vmClock: null, stateSize, diskSize, diskOnly: false };
    rows.push({ ...row, machine: null, damage: null, ...(await lookAt(async () => active)) });
  }
  return rows;
}

async function lookAt(open: () => Promise<StateHead>): Promise<Partial<SavedStateRow>> {
  try {
    return { machine: await machineOf(await open()) };
  } catch (error) {
    if (!(error instanceof MigrationStreamError) || error.code === 'io') throw error;
    return { damage: error.message };
  }
}

/** "QEVM", version, 07, be32 length, name. */
async function machineOf({ space, at }: StateHead): Promise<string | null> {
  const head = new Uint8Array(13 + MAX_MACHINE_NAME);
  await space.read(head, at);
  if (!isStream(head) || head[8] !== sectionType.configuration) return null;
  const length = new DataView(head.buffer).getUint32(9);
  return length <= head.length - 13 ? latin1(head, 13, 13 + length) : null;
}

function isStream(head: Uint8Array): boolean {
  return new DataView(head.buffer, head.byteOffset).getUint32(0) === QEMU_VM_FILE_MAGIC;
}

/**
 * The state in the active L1 table, if it begins like a stream and is not that of a snapshot: after `loadvm` both share
 * their clusters. A damaged active table counts as none.
 */
export async function strayState(image: Qcow2Image, snapshots: readonly Snapshot[]): Promise<State | undefined> {
  try {
    const state = await activeState(image);
    if (state === undefined) return undefined;
    const head = new Uint8Array(4);
    await state.space.read(head, state.at);
    if (!isStream(head)) return undefined;
    const place = await firstPlace(state);
    for (const snapshot of snapshots) {
      if (snapshot.vmStateSize > 0 && place === (await placeOfSnapshot(image, snapshot))) return undefined;
    }
    return state;
  } catch (error) {
    if (!(error instanceof MigrationStreamError) || error.code === 'io') throw error;
    return undefined;
  }
}

async function placeOfSnapshot(image: Qcow2Image, snapshot: Snapshot): Promise<number | undefined> {
  try {
    return await firstPlace(await headOf(image, snapshot));
  } catch (error) {
    if (!(error instanceof MigrationStreamError) || error.code === 'io') throw error;
    return -1;
  }
}
