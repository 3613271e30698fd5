// A compressed file: gzip, bzip2, xz, lzop, zstd, lz4. The platform decompresses; this file finds the format, refuses by
// name what the platform lacks, and stops bombs. docs/containers/compression.md.

import { MigrationStreamError } from '../../base/errors.js';
import type { Compression } from '../../bytes/decompressor.js';
import type { Container, ContainerFacts } from '../container.js';
import { bounded, counted } from './bounded.js';
import { compressionOf } from './magic.js';

export interface CompressionFacts extends ContainerFacts {
  readonly container: 'compression';
  readonly format: Compression;
  /** Who decompresses: "zlib", "the program xz". */
  readonly by: string;
}

export const compressionContainer: Container<CompressionFacts> = {
  name: 'compression',
  stands: (head) => compressionOf(head) !== undefined,
  async open(outer, head, { decompressors = {} }) {
    const format = compressionOf(head)!;
    const decompressor = decompressors[format];
    if (decompressor === undefined)
      throw new MigrationStreamError({
        code: 'unsupported',
        message: `${format} data cannot be decompressed here`,
        hint: `decompress it first: \`${format} -dc\``,
      });
    const input = counted(outer);
    const inner = bounded(await decompressor.open(input), input, format);
    const facts: CompressionFacts = {
      container: 'compression',
      title: `${format} data`,
      details: [],
      notes: [],
      format,
      by: decompressor.by,
    };
    // Compressed bytes have no place for a plain byte: what was read so far bounds it from above.
    return { facts, inner, streamAt: undefined, locate: () => undefined };
  },
};
