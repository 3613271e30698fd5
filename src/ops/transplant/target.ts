// From a destination to what a transplant needs of it: the donor and what the destination can load.

import { Refused } from '../../base/refused.js';
import type { Destination } from '../../destination/destination.js';
import { donorOf, type Donor } from './donor.js';
import type { TransplantOptions } from './transplant.js';

export interface TransplantTarget {
  readonly donor: Donor;
  readonly options: Pick<TransplantOptions, 'tables' | 'release' | 'offers'>;
}

/** @throws Refused: the destination has no save that can be a donor */
export function targetOf({ save, qemu, tables, offers, notes }: Destination): TransplantTarget {
  if (save === undefined)
    throw new Refused('refused', `nothing is known of what the destination saves: ${notes.join('; ')}`, {
      code: 'destination-that-saves',
    });
  if (save.frame === undefined)
    throw new Refused(
      'refused',
      'the profile does not contain the configuration section and the commands of the destination’s save: an older mstream wrote it',
      { code: 'profile-again' },
    );
  const { major, minor } = qemu;
  return { donor: donorOf(save), options: { tables, release: { major, minor }, offers } };
}
