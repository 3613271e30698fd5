// A be64 whose low bits, below a unit, are flags and whose rest is an address: how QEMU's oldest handlers begin their
// records.

import { cannotEncode } from '../bytes/emitter.js';
import { be64, type Codec } from './kit/codec.js';
import { mapped } from './kit/combine.js';

export interface FlaggedWord {
  /** Bytes, a multiple of the unit. */
  readonly address: number;
  /** Below the unit. */
  readonly flags: number;
}

/** The codec for one unit (bytes, a power of two). Words from 2^53 on are refused (`address-too-large`). */
export function flaggedWord(unit: number): Codec<FlaggedWord> {
  const word = mapped(
    be64,
    (value): FlaggedWord => ({ address: value - (value % unit), flags: value % unit }),
    ({ address, flags }) => {
      if (address % unit !== 0 || flags < 0 || flags >= unit)
        throw cannotEncode(`address ${address} and flags ${flags} do not fit units of ${unit}`);
      return address + flags;
    },
  );
  return { ...word, size: () => be64.maxSize, describe: () => `address | flags: ${be64.describe()}` };
}
