// Opens the saved state of a qcow2 image that is meant.

import { MigrationStreamError } from '../../base/errors.js';
import { escapeText } from '../../base/quote.js';
import type { ByteSource } from '../../bytes/source.js';
import { closeImage, openImage, type ImagePorts } from './backing.js';
import { ACTIVE_WORD, chooseState, hasState, type Choice } from './choose.js';
import { endOfState } from './end.js';
import type { Qcow2Image } from './image.js';
import { listSnapshots, strayState } from './list.js';
import { readSnapshots, type Snapshot } from './snapshots.js';
import { stateSource } from './state-source.js';
import { stateOf, type State } from './state.js';

export interface OpenedState {
  readonly image: Qcow2Image;
  readonly snapshots: readonly Snapshot[];
  /** The state in the active L1 table, where it is none of a snapshot. */
  readonly active: State | undefined;
  readonly choice: Choice;
  readonly state: State;
  /** The stream. Closing it closes the image. */
  readonly inner: ByteSource;
}

/**
 * Opens a state of the image in `source`, which stays the caller's when this throws. `word`: as for `chooseState`.
 * @throws MigrationStreamError `not-a-stream`, `several-streams` (with `choices`), `bad-container`, `truncated`,
 * `unsupported`, `limit-exceeded`, `address-too-large`, `io`
 */
export async function openSavedState(source: ByteSource, ports: ImagePorts, word?: string): Promise<OpenedState> {
  const image = await openImage(source, ports);
  try {
    const snapshots = await readSnapshots(image);
    // Only where it can be meant: a look at it costs reads.
    const few = snapshots.filter(hasState).length <= 1;
    const active = word === ACTIVE_WORD || (word === undefined && few) ? await strayState(image, snapshots) : undefined;
    const choice = await choose(image, snapshots, active, word);
    const state = choice.kind === 'active' ? active! : await stateOf(image, choice.snapshot);
    const label = `${source.label}#${choice.kind === 'active' ? ACTIVE_WORD : escapeText(choice.snapshot.name)}`;
    const hint = choice.kind === 'active' ? 0 : choice.snapshot.vmStateSize;
    const end = await endOfState(stateSource(state, state.extent, label), hint, image.geometry.clusterSize);
    return { image, snapshots, active, choice, state, inner: stateSource(state, end, label) };
  } catch (error) {
    await closeImage(image);
    throw error;
  }
}

async function choose(
  image: Qcow2Image,
  snapshots: readonly Snapshot[],
  active: State | undefined,
  word: string | undefined,
): Promise<Choice> {
  try {
    return chooseState(snapshots, active !== undefined, word);
  } catch (error) {
    if (!(error instanceof MigrationStreamError) || error.code !== 'several-streams') throw error;
    const found = active ?? (await strayState(image, snapshots));
    const { code, message, hint } = error;
    throw new MigrationStreamError({ code, message, hint, choices: await listSnapshots(image, snapshots, found) });
  }
}
