// A qcow2 image with saved states in it, opened: which state is meant, and what there is besides. QEMU: block/qcow2.c;
// docs/containers/qcow2.md.

import { escapeText, quote } from '../../base/quote.js';
import type { Container, ContainerFacts, ContainerNote } from '../container.js';
import { stands } from '../recognise/result.js';
import { seekable } from '../seekable.js';
import { hasState } from './choose.js';
import { has, headerDetails } from './header.js';
import { incompatible } from './layout.js';
import { openSavedState, type OpenedState } from './open.js';
import { IMAGE_TITLE, placeOf } from './state-source.js';

export interface Qcow2Facts extends ContainerFacts {
  readonly container: 'qcow2';
  readonly version: number;
  /** Bytes. */
  readonly clusterSize: number;
  /** Of the virtual disk now, bytes. */
  readonly diskSize: number;
  /** Id of the snapshot; null: the state is in the active L1 table, and no snapshot names it. */
  readonly snapshotId: string | null;
  readonly snapshotTag: string | null;
  /** When it was taken: ISO 8601, UTC. */
  readonly date: string | null;
  /** How long the guest had run, seconds. */
  readonly vmClock: number | null;
  /** Bytes of the state, as QEMU stored it: a hint. */
  readonly vmStateSize: number | null;
  /** Snapshots in the image, those of the disk alone included. */
  readonly snapshots: number;
  readonly snapshotsWithState: number;
}

const MAGIC = 'QFI\xfb\0\0\0';

export const qcow2Container: Container<Qcow2Facts> = {
  name: 'qcow2',
  // Version 1 (qcow) has no snapshots.
  stands: (head) => stands(head, `${MAGIC}\x02`) || stands(head, `${MAGIC}\x03`),
  async open(outer, _head, context) {
    const source = await seekable(outer, IMAGE_TITLE, context);
    const opened = await openSavedState(source, context, context.snapshot);
    const user = await context.inUse?.(outer.label);
    return {
      facts: factsOf(opened, user),
      inner: opened.inner,
      streamAt: undefined,
      locate: (at) => placeOf(opened.state, at),
      keep: async (sink) => (await import('./edit/keep.js')).keepImage(opened, sink),
    };
  },
};

function factsOf(opened: OpenedState, user: string | undefined): Qcow2Facts {
  const { image, snapshots, choice } = opened;
  const { header } = image;
  const snapshot = choice.kind === 'snapshot' ? choice.snapshot : undefined;
  const which =
    snapshot === undefined
      ? 'the state in the active L1 table'
      : `snapshot ${quote(snapshot.name)} with id ${escapeText(snapshot.id)}`;
  const date = snapshot === undefined ? null : new Date(snapshot.dateSeconds * 1000).toISOString();
  return {
    container: 'qcow2',
    title: IMAGE_TITLE,
    details: [...headerDetails(header), which, ...(date === null ? [] : [`taken ${date}`])],
    notes: notesOf(opened, user),
    version: header.version,
    clusterSize: image.geometry.clusterSize,
    diskSize: header.diskSize,
    snapshotId: snapshot?.id ?? null,
    snapshotTag: snapshot?.name ?? null,
    date,
    vmClock: snapshot === undefined ? null : Number(snapshot.vmClock) / 1e9,
    vmStateSize: snapshot?.vmStateSize ?? null,
    snapshots: snapshots.length,
    snapshotsWithState: snapshots.filter(hasState).length,
  };
}

function notesOf({ image, snapshots, choice }: OpenedState, user: string | undefined): ContainerNote[] {
  const notes: ContainerNote[] = [];
  const note = (code: string, message: string): unknown => notes.push({ code, message });
  if (user !== undefined) note('in-use', `${user} has the image open: what is read may change under the reader`);
  if (has(image.header.incompatible, incompatible.corrupt))
    note('corrupt', 'the image is marked corrupt: `qemu-img check` says more');
  if (has(image.header.incompatible, incompatible.dirty))
    note('dirty', 'the image is marked dirty: QEMU did not close it, so refcounts may be wrong; reading needs none');
  if (choice.kind === 'active')
    note('no-entry', 'no snapshot names this state: a savevm failed late, or the snapshot was deleted after loadvm');
  const diskOnly = snapshots.length - snapshots.filter(hasState).length;
  if (diskOnly > 0) note('disk-only', `${diskOnly} more snapshot${diskOnly === 1 ? '' : 's'} of the disk alone`);
  return notes;
}
