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
    throw new Refused(
      'refused',
      `nothing is known of what the destination saves: ${notes.join('; ')}`,
      'a transplant needs a destination that can save itself: leave out the devices that keep it from that',
    );
  if (save.frame === undefined)
    throw new Refused(
      'refused',
      'the profile does not contain the configuration section and the commands of the destination’s save: an older mstream wrote it',
      'make the profile again, where the destination is: mstream profile -o PROFILE.json -- qemu-system-… and its options',
    );
  const { major, minor } = qemu;
  return { donor: donorOf(save), options: { tables, release: { major, minor }, offers } };
}
