// The snapshot table of a qcow2 image. QEMU: qcow2_do_read_snapshots(), block/qcow2-snapshot.c.

import { Cursor } from '../../bytes/cursor.js';
import { hex, Window } from '../../bytes/window.js';
import { cutImage, damagedImage, imageError } from './error.js';
import type { Qcow2Image } from './image.js';
import { EXTRA_SIZE, NO_ICOUNT, SNAPSHOT_FIELDS_SIZE, snapshotFields } from './layout.js';
import { MAX_SNAPSHOT_EXTRA, MAX_SNAPSHOT_TABLE_BYTES, MAX_SNAPSHOTS } from './limits.js';

/** An entry of the snapshot table. */
export interface Snapshot {
  /** Place of the entry in the image. */
  readonly at: number;
  readonly l1At: number;
  /** Entries. */
  readonly l1Size: number;
  /** Decimal digits, as QEMU writes it. One character for each byte. */
  readonly id: string;
  /** Its tag. One character for each byte. */
  readonly name: string;
  /** When it was taken: seconds since 1970, and nanoseconds. */
  readonly dateSeconds: number;
  readonly dateNanoseconds: number;
  /** How long the guest had run, nanoseconds. */
  readonly vmClock: bigint;
  /**
   * What QEMU says: 0 stands for a snapshot of the disk alone; otherwise it is only a hint (mapped-ram counts less).
   */
  readonly vmStateSize: number;
  /** Bytes of the virtual disk at that time. */
  readonly diskSize: number;
  /** Instructions; undefined where QEMU did not count them. */
  readonly icount: bigint | undefined;
  /** Extra data as it stands, fields that nobody knows included. */
  readonly extra: Uint8Array;
}

const PATH = ['snapshot table'];
const MAX_NAMES = 2 * 0xffff;

/**
 * Reads the whole table.
 * @throws MigrationStreamError `bad-container`, `truncated`, `limit-exceeded`, `address-too-large`, `io`
 */
export async function readSnapshots({ source, size, header }: Qcow2Image): Promise<Snapshot[]> {
  const { snapshotCount, snapshotsAt } = header;
  if (snapshotCount > MAX_SNAPSHOTS)
    throw imageError('limit-exceeded', `${snapshotCount} snapshots`, { offset: 60, path: PATH });
  if (snapshotCount === 0) return [];
  if (snapshotsAt === 0 || snapshotsAt >= size) throw cutImage('the snapshot table', snapshotsAt, size, PATH);
  // The source stays the caller's.
  const cursor = new Cursor({ ...source, read: (into, at) => source.read(into, at), close: async () => {} });
  const snapshots: Snapshot[] = [];
  try {
    await cursor.seek(snapshotsAt);
    cursor.enter('qcow2 image');
    cursor.enter('snapshot table');
    for (let index = 0; index < snapshotCount; index += 1) {
      const depth = cursor.enter(`entry ${index}`);
      await cursor.fill(SNAPSHOT_FIELDS_SIZE + MAX_SNAPSHOT_EXTRA + MAX_NAMES + 8);
      snapshots.push(readSnapshot(cursor, header.diskSize));
      cursor.leave(depth);
      if (cursor.position - snapshotsAt > MAX_SNAPSHOT_TABLE_BYTES)
        throw imageError('limit-exceeded', 'the table is longer than 64 MiB', { offset: cursor.position, path: PATH });
    }
  } finally {
    await cursor.close();
  }
  return snapshots;
}

function readSnapshot(window: Window, currentDiskSize: number): Snapshot {
  const at = window.position;
  const fields = snapshotFields.decode(window);
  const { extraSize } = fields;
  if (extraSize > MAX_SNAPSHOT_EXTRA)
    throw window.fail('limit-exceeded', `${extraSize} bytes of extra data, where QEMU takes ${MAX_SNAPSHOT_EXTRA}`, {
      offset: at + 36,
      hint: { code: 'check-qcow2' },
    });
  const extra = window.take(extraSize).slice();
  const id = window.latin1(fields.idSize);
  const name = window.latin1(fields.nameSize);
  // The last entry's padding may be missing at the end of the image.
  const padding = -(window.position - at) & 7;
  window.take(Math.min(padding, window.available));
  return {
    at,
    ...namedFields(fields),
    id,
    name,
    extra,
    ...extraFields(extra, at, fields.vmStateSize32, currentDiskSize),
  };
}

type Fields = ReturnType<typeof snapshotFields.decode>;

function namedFields({
  l1At,
  l1Size,
  dateSeconds,
  dateNanoseconds,
  vmClock,
}: Fields): Omit<Snapshot, 'at' | 'id' | 'name' | 'extra' | 'vmStateSize' | 'diskSize' | 'icount'> {
  return { l1At, l1Size, dateSeconds, dateNanoseconds, vmClock };
}

/** What is in the extra data, and what counts where it is absent. */
function extraFields(
  extra: Uint8Array,
  at: number,
  vmStateSize32: number,
  currentDiskSize: number,
): Pick<Snapshot, 'vmStateSize' | 'diskSize' | 'icount'> {
  const window = Window.over(extra, at + SNAPSHOT_FIELDS_SIZE, ['qcow2 image', 'snapshot table', 'extra data']);
  const vmStateSize = extra.length >= 8 ? window.u64() : vmStateSize32;
  const diskSize = extra.length >= 16 ? window.u64() : currentDiskSize;
  const icount = extra.length >= EXTRA_SIZE ? window.u64big() : NO_ICOUNT;
  return { vmStateSize, diskSize, icount: icount === NO_ICOUNT ? undefined : icount };
}

/** Checks the place of a snapshot's L1 table. @throws MigrationStreamError `bad-container` */
export function checkL1Place({ at, l1At, l1Size }: Snapshot, stateIndex: number): void {
  if (l1At === 0 || l1Size <= stateIndex)
    throw damagedImage(
      `its L1 table has ${l1Size} entries at ${hex(l1At)}, and the state would begin at ${stateIndex}`,
      {
        offset: at,
        path: PATH,
      },
    );
}
