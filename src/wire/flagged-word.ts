// A be64 word with flags in its low bits, below a unit, and an address in the other bits. The records of QEMU's oldest
// handlers begin with such a word.

import { cannotEncode } from '../bytes/emitter.js';
import { be64, type Codec } from './kit/codec.js';
import { mapped } from './kit/combine.js';

export interface FlaggedWord {
  /** Address in bytes, a multiple of the unit. */
  readonly address: number;
  /** The bits below the unit. */
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
