// Who reads which payload: the formats that say themselves where they end, by idstr. "ram" is not one of them, it has a
// reader of its own.

import type { PayloadWalker } from '../stream/payload.js';
import { BLOCK_MIGRATION_IDSTR, walkBlockMigration } from '../wire/block-migration.js';
import { DIRTY_BITMAP_IDSTR, walkDirtyBitmap } from '../wire/dirty-bitmap.js';
import { SKEYS_IDSTR, walkSkeys } from '../wire/s390-skeys.js';
import { STATTRIB_IDSTR, walkStattrib } from '../wire/s390-stattrib.js';
import { HTAB_IDSTR, walkHtab } from '../wire/spapr-htab.js';
import { TODCLOCK_IDSTR, walkTodclock } from '../wire/todclock.js';
import { VFIO_IDSTR, walkVfio } from '../wire/vfio.js';

/** By idstr; "…/vfio" is looked up without its path. */
export const payloadWalkers: ReadonlyMap<string, PayloadWalker> = new Map<string, PayloadWalker>([
  [BLOCK_MIGRATION_IDSTR, walkBlockMigration],
  [DIRTY_BITMAP_IDSTR, walkDirtyBitmap],
  [HTAB_IDSTR, walkHtab],
  [STATTRIB_IDSTR, walkStattrib],
  [SKEYS_IDSTR, walkSkeys],
  [TODCLOCK_IDSTR, walkTodclock],
  [VFIO_IDSTR, walkVfio],
]);
