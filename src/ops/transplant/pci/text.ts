// Bytes of little-endian registers as text.

import { hexDigits } from '../../../base/bytes.js';

export function littleEndian(bytes: Uint8Array): string {
  return `0x${hexDigits(bytes.slice().reverse())}`;
}
