// Which state of a qcow2 image is meant. QEMU finds a snapshot by id or tag: find_snapshot_by_id_or_name(),
// block/qcow2-snapshot.c; tags need not be unique.

import type { Hint } from '../../base/hint.js';
import { MigrationStreamError } from '../../base/errors.js';
import { escapeText, quote } from '../../base/quote.js';
import type { Snapshot } from './snapshots.js';

/** What can be opened: a snapshot with a state, or the state that only the active L1 table leads to. */
export type Choice = { readonly kind: 'snapshot'; readonly snapshot: Snapshot } | { readonly kind: 'active' };

/** The word for the state in the active L1 table: nothing behind the `#`. */
export const ACTIVE_WORD = '';

/**
 * The state that `word` names: an id or a tag, `id:ID` or `tag:TAG` where one is also the other, `''` for the active L1
 * table. Without a word the only state there is.
 * @throws MigrationStreamError `not-a-stream` (no such state), `several-streams`
 */
export function chooseState(snapshots: readonly Snapshot[], active: boolean, word: string | undefined): Choice {
  if (word !== undefined) return byWord(snapshots, active, word);
  const withState = snapshots.filter(hasState);
  if (withState.length + (active ? 1 : 0) > 1)
    throw new MigrationStreamError({
      code: 'several-streams',
      message: `the qcow2 image holds ${withState.length + (active ? 1 : 0)} saved states`,
      hint: { code: 'name-state', names: words(withState, active) },
    });
  const snapshot = withState[0];
  if (snapshot !== undefined) return { kind: 'snapshot', snapshot };
  if (active) return { kind: 'active' };
  throw none(
    snapshots.length === 0
      ? 'the qcow2 image has no snapshots, and no saved state in its active L1 table'
      : `the qcow2 image has no saved state: ${snapshots.length === 1 ? 'its only snapshot is' : `all ${snapshots.length} snapshots are`} of the disk alone`,
  );
}

export function hasState({ vmStateSize }: Snapshot): boolean {
  return vmStateSize !== 0;
}

function byWord(snapshots: readonly Snapshot[], active: boolean, word: string): Choice {
  if (word === ACTIVE_WORD) {
    if (active) return { kind: 'active' };
    throw none('the active L1 table of the qcow2 image leads to no saved state', hintOf(snapshots, active));
  }
  // The image holds bytes, the command line UTF-8.
  const bytes = String.fromCharCode(...new TextEncoder().encode(word));
  const found = matching(snapshots, bytes);
  const shown = quote(bytes);
  const [snapshot, another] = found;
  if (snapshot === undefined) throw none(`the qcow2 image has no snapshot ${shown}`, hintOf(snapshots, active));
  if (another !== undefined)
    throw new MigrationStreamError({
      code: 'several-streams',
      message: `${shown} names ${found.length} snapshots of the qcow2 image: ${found.map(described).join(', ')}`,
      hint: { code: 'name-state', names: found.map(({ id }) => `#id:${escapeText(id)}`).join(', ') },
    });
  if (!hasState(snapshot))
    throw none(`snapshot ${shown} holds the disk alone, and no saved state`, hintOf(snapshots, active));
  return { kind: 'snapshot', snapshot };
}

function matching(snapshots: readonly Snapshot[], word: string): readonly Snapshot[] {
  const found = snapshots.filter(({ id, name }) => id === word || name === word);
  if (found.length > 0) return found;
  const [, kind, rest] = /^(id|tag):(.*)$/s.exec(word) ?? [];
  return snapshots.filter(({ id, name }) => rest === (kind === 'id' ? id : name));
}

function described({ id, name }: Snapshot): string {
  return `id ${escapeText(id)} with tag ${quote(name)}`;
}

function hintOf(snapshots: readonly Snapshot[], active: boolean): Hint | undefined {
  const list = words(snapshots.filter(hasState), active);
  return list === '' ? undefined : { code: 'name-state', names: list };
}

const SHOWN = 8;

/** `#TAG` of each state, `#ID` where the tag names several. */
function words(snapshots: readonly Snapshot[], active: boolean): string {
  const list = snapshots.slice(0, SHOWN).map(({ id, name }) => {
    const unique = name !== '' && matching(snapshots, name).length === 1;
    return `#${escapeText(unique ? name : matching(snapshots, id).length === 1 ? id : `id:${id}`)}`;
  });
  if (snapshots.length > SHOWN) list.push(`and ${snapshots.length - SHOWN} more`);
  if (active) list.push('# for the one in the active L1 table');
  return list.join(', ');
}

function none(message: string, hint?: Hint): MigrationStreamError {
  return new MigrationStreamError({ code: 'not-a-stream', message, offset: 0, hint });
}
