// The port through which a channel asks for a decompressor that never sees the end of its stream: each packet ends at a
// flush, and gives exactly its pages. The caller fills the table: bytes/node/flush-decoders.ts is Node's.

/** The state of one channel's zlib stream or zstd frame. */
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
