// The ports through which containers, multifd channels and page records get decompressors. For Node, bytes/node/ has
// them; another platform brings its own.

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

/**
 * The state of one multifd channel's zlib stream or zstd frame, which never ends: each packet ends at a flush, and
 * gives exactly its pages.
 */
export interface FlushDecoder {
  /**
   * The `length` plain bytes of the next packet's `input`.
   * @throws MigrationStreamError code `bad-payload`: damaged, more, or fewer
   */
  decode(input: Uint8Array, length: number): Promise<Uint8Array>;
  close(): void;
}

/** Makes a decoder for a channel, by method. A method that is absent cannot be decoded here. */
export type FlushDecoders = Readonly<Partial<Record<'zlib' | 'zstd', () => FlushDecoder>>>;
