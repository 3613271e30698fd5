// Section "todclock", a FULL one: the s390x time-of-day clock. QEMU: s390_tod_save() and s390_tod_load(),
// hw/s390x/tod.c (since 3.0; before that in s390-virtio-ccw.c).

import { cannotEncode } from '../bytes/emitter.js';
import { be64big, u8, type Codec } from './kit/codec.js';
import type { Walk } from './walk.js';

export const TODCLOCK_IDSTR = 'todclock';

export interface Todclock {
  /** 0: the source could not read its clock. QEMU writes 1 for "present" and takes anything but 0 for it. */
  readonly presence: number;
  /** The clock's 72 bits, present exactly when `presence` is not 0. */
  readonly clock?: { readonly high: number; readonly low: bigint };
}

/** 1 or 10 bytes. */
export const todclock: Codec<Todclock> = {
  decode(window) {
    const depth = window.enter('todclock');
    const presence = u8.decode(window);
    const value =
      presence === 0 ? { presence } : { presence, clock: { high: u8.decode(window), low: be64big.decode(window) } };
    window.leave(depth);
    return value;
  },
  encode(emitter, { presence, clock }) {
    if ((presence === 0) !== (clock === undefined))
      throw cannotEncode(`presence byte ${presence} ${clock === undefined ? 'without' : 'with'} a clock`);
    u8.encode(emitter, presence);
    if (clock === undefined) return;
    u8.encode(emitter, clock.high);
    be64big.encode(emitter, clock.low);
  },
  size: ({ presence }) => (presence === 0 ? 1 : 10),
  maxSize: 10,
  describe: () => 'presence: u8, [high: u8, low: be64]',
};

/** @throws MigrationStreamError `truncated` */
export const walkTodclock: Walk = async function* (cursor) {
  await cursor.fill(todclock.maxSize);
  todclock.decode(cursor);
  yield;
};
