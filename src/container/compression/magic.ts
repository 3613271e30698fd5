// Magic numbers of compressed files.

import type { Compression } from '../../bytes/decompressor.js';
import { stands, type Head } from '../recognise/result.js';

const magics: readonly (readonly [Compression, readonly string[]])[] = [
  ['gzip', ['\x1f\x8b']],
  // Parallel writers put a skippable frame (0x184d2a50 … 5f) in front of each of their frames.
  [
    'zstd',
    ['\x28\xb5\x2f\xfd', ...Array.from({ length: 16 }, (_, i) => `${String.fromCharCode(0x50 + i)}\x2a\x4d\x18`)],
  ],
  ['xz', ['\xfd7zXZ\0']],
  ['bzip2', Array.from({ length: 9 }, (_, i) => `BZh${i + 1}`)],
  ['lzop', ['\x89LZO\0\r\n\x1a\n']],
  // The frame format, and the old format of the lz4 program.
  ['lz4', ['\x04\x22\x4d\x18', '\x02\x21\x4c\x18']],
];

/** The format of the compressed file that begins so; undefined: none. */
export function compressionOf(head: Head): Compression | undefined {
  return magics.find(([, texts]) => texts.some((text) => stands(head, text)))?.[0];
}
