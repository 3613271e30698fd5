// Reads the tables of a qcow2 image in aligned pieces, of which a bounded number is kept.

import { readSource, type ByteSource } from '../../bytes/source.js';
import { TABLE_CACHE, TABLE_PIECE } from './limits.js';

interface Piece {
  readonly loading: Promise<DataView>;
  /** Once it is loaded. */
  view: DataView | undefined;
}

/**
 * Pieces of `source` that begin at multiples of their size. A table that begins at a cluster is read piece by piece.
 */
export class TablePieces {
  /** Bytes of one piece: a cluster, or 64 KiB where clusters are larger. */
  readonly size: number;
  private readonly limit: number;
  private readonly pieces = new Map<number, Piece>();
  private readonly source: ByteSource;

  constructor(source: ByteSource, clusterSize: number) {
    this.source = source;
    this.size = Math.min(clusterSize, TABLE_PIECE);
    this.limit = TABLE_CACHE / this.size;
  }

  /**
   * The piece that begins at `at`, a multiple of `size`; short only where the image ends. A loan.
   * @throws MigrationStreamError `io`
   */
  load(at: number): Promise<DataView> {
    const kept = this.pieces.get(at);
    // A piece that is used again becomes the newest.
    if (kept !== undefined) this.pieces.delete(at);
    const piece = kept ?? this.start(at);
    this.pieces.set(at, piece);
    if (this.pieces.size > this.limit) this.pieces.delete(this.pieces.keys().next().value!);
    return piece.loading;
  }

  /** The same piece where it is in hand. */
  inHand(at: number): DataView | undefined {
    return this.pieces.get(at)?.view;
  }

  private start(at: number): Piece {
    const piece: Piece = { loading: this.read(at), view: undefined };
    piece.loading.then(
      (view) => (piece.view = view),
      // A failed read is not kept; whoever awaits it sees the error.
      () => this.pieces.delete(at),
    );
    return piece;
  }

  private async read(at: number): Promise<DataView> {
    const bytes = new Uint8Array(this.size);
    const got = await readSource(this.source, bytes, at);
    return new DataView(bytes.buffer, 0, got);
  }
}
