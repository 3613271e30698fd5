// The port through which a container gets a decompressor, by the name of the compression format. For Node,
// bytes/node/decompressors.ts fills the table; another platform fills it with its own decompressors.

import type { ByteSource } from './source.js';

/** Formats of compressed files. The names are those of the programs. */
export const compressions = ['gzip', 'bzip2', 'xz', 'lzop', 'zstd', 'lz4'] as const;
export type Compression = (typeof compressions)[number];

export interface Decompressor {
  /** The implementation, for reports: "zlib", "the program xz". */
  readonly by: string;
  /**
   * The plain bytes of `outer`, which begins with a file of this format and can only be read forward. Closing the
   * result closes `outer`. Reads throw MigrationStreamError: `truncated`, `bad-container`, `unsupported`, `io`.
   */
  open(outer: ByteSource): Promise<ByteSource>;
}

/**
 * A format that is absent cannot be decompressed on this platform. `deflate` is raw deflate without a header, as in
 * qcow2.
 */
export type Decompressors = Readonly<Partial<Record<Compression | 'deflate', Decompressor>>>;
