// Bytes compared, joined and written as text, with nothing but what every JavaScript runtime has: the portable core
// uses these instead of Node's Buffer.

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function equalBytes(first: Uint8Array, second: Uint8Array): boolean {
  if (first.length !== second.length) return false;
  for (let i = 0; i < first.length; i += 1) if (first[i] !== second[i]) return false;
  return true;
}

/**
 * Whether every byte is zero. Aligned bytes are read in words of 32 bits: a hundred thousand pages pass through here.
 */
export function allZero(bytes: Uint8Array): boolean {
  let at = 0;
  if (bytes.byteOffset % 4 === 0) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    for (let i = 0; i < words.length; i += 1) if (words[i] !== 0) return false;
    at = words.length * 4;
  }
  for (; at < bytes.length; at += 1) if (bytes[at] !== 0) return false;
  return true;
}

/** The sum of no bytes. */
export const FNV_START = 0x811c_9dc5;

/** FNV-1a of 32 bits, going on from `sum`: a checksum for comparing, not for safety. */
export function fnv(bytes: Uint8Array, sum = FNV_START): number {
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x0100_0193);
  return sum;
}

/** The parts one behind the other, in a new array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Two lower-case digits a byte, with `separator` between two bytes. */
export function hexDigits(bytes: Uint8Array, separator = ''): string {
  let text = '';
  for (const byte of bytes) text += (text === '' ? '' : separator) + DIGITS[byte]!;
  return text;
}

/** The bytes of `hexDigits`. The caller has checked that `text` is pairs of digits. */
export function hexBytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length >> 1);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** One byte a character; of characters above 0xff the low byte. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}
