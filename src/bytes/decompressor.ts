// The port through which a container asks for a decompressor, by the name of its format. Node fills the table in
// bytes/node/decompressors.ts; another platform fills it with what it has.

import type { ByteSource } from './source.js';

/** Formats of compressed files. Names are those of the programs. */
export const compressions = ['gzip', 'bzip2', 'xz', 'lzop', 'zstd', 'lz4'] as const;
export type Compression = (typeof compressions)[number];

export interface Decompressor {
  /** Who does it, for reports: "zlib", "the program xz". */
  readonly by: string;
  /**
   * The plain bytes of `outer`, which begins with a file of this format and can be read forward only. Closing the
   * result closes `outer`. Reads throw MigrationStreamError: `truncated`, `bad-container`, `unsupported`, `io`.
   */
  open(outer: ByteSource): Promise<ByteSource>;
}

/** A format that is absent cannot be decompressed on this platform. `deflate`: raw, without a header, as qcow2 has it. */
export type Decompressors = Readonly<Partial<Record<Compression | 'deflate', Decompressor>>>;
