// Guest memory into a sink in the order of addresses. The next piece is read while the last one is written, and zero
// pages are neither read nor written.

import type { ByteSink } from '../../bytes/source.js';
import { writeWithHoles } from '../../bytes/holes.js';
import type { GuestBlocks } from '../../memory/guest-blocks.js';

const PIECE = 1024 * 1024;

/** A sink that counts its position. */
export class Output {
  position = 0;
  private readonly sink: ByteSink;
  private readonly buffers = [new Uint8Array(PIECE), new Uint8Array(PIECE)] as const;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.sink.write(bytes);
    this.position += bytes.length;
  }

  async skip(length: number): Promise<void> {
    if (length > 0) await this.sink.skip(length);
    this.position += length;
  }

  /**
   * `length` bytes of a block from `offset` on.
   * @throws MigrationStreamError as GuestBlocks.read and the sink
   */
  async copy(memory: GuestBlocks, block: number, offset: number, length: number): Promise<void> {
    const end = offset + length;
    let writing: Promise<void> = Promise.resolve();
    let turn = 0;
    try {
      for (let at = offset; at < end;) {
        const zeros = memory.zerosAt(block, at, end - at);
        if (zeros > 0) {
          await writing;
          await this.skip(zeros);
          writing = Promise.resolve();
          at += zeros;
          continue;
        }
        const piece = this.buffers[turn]!.subarray(0, Math.min(PIECE - (at % PIECE), end - at));
        turn = 1 - turn;
        await memory.read(block, at, piece);
        await writing;
        writing = writeWithHoles(this.sink, piece, at);
        // An error is thrown where it is awaited, not before.
        writing.catch(() => {});
        this.position += piece.length;
        at += piece.length;
      }
    } finally {
      await writing;
    }
  }
}
