// Section "todclock", always a FULL section: the s390x time-of-day clock. QEMU: s390_tod_save() and s390_tod_load(),
// hw/s390x/tod.c (since 3.0; before that in s390-virtio-ccw.c).

import { be64big, u8 } from './kit/codec.js';
import { record, when } from './kit/record.js';
import type { Walk } from './walk.js';

export const TODCLOCK_IDSTR = 'todclock';

/**
 * 1 or 10 bytes. `presence` 0: the source could not read its clock. QEMU writes 1 for "present" and reads any byte
 * except 0 as "present". `clock`: the 72 bits of the clock.
 */
export const todclock = record('todclock', {
  presence: u8,
  clock: when(({ presence }: { presence: number }) => presence !== 0, record('', { high: u8, low: be64big })),
});

/** @throws MigrationStreamError `truncated` */
export const walkTodclock: Walk = async function* (cursor) {
  await cursor.fill(todclock.maxSize);
  todclock.decode(cursor);
  yield;
};
