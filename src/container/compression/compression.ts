// A compressed file: gzip, bzip2, xz, lzop, zstd, lz4. The platform decompresses; this file finds the format, refuses
// by name what the platform lacks, and stops bombs. docs/containers/compression.md.

import { MigrationStreamError } from '../../base/errors.js';
import type { Compression } from '../../bytes/decompressor.js';
import type { ByteSource } from '../../bytes/source.js';
import type { Container, ContainerFacts, Layer } from '../container.js';
import { notKept } from '../keep.js';
import { bounded, counted } from './bounded.js';
import { compressionOf } from './magic.js';
import { sameOrPacked } from './same-or-packed.js';

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
        hint: { code: 'decompress', program: format },
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
    const again = async (): Promise<ByteSource> => decompressor.open({ ...outer, close: async () => {} });
    const keep: Layer['keep'] = async (sink, { compressors = {} }) => {
      const compressor = compressors[format];
      if (compressor === undefined) throw notKept(`${format} data cannot be compressed here`);
      const same = outer.seekable && outer.size !== undefined;
      return { sink: same ? sameOrPacked(outer, again, compressor, sink) : await compressor(sink), shift: 0 };
    };
    return { facts, inner, streamAt: undefined, locate: () => input.taken, bounds: true, keep };
  },
};
