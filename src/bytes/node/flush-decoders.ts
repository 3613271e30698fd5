// Decompressors for streams that are flushed and never end: zlib by Node, zstd by fzstd, which gives every block as
// soon as it is whole. For multifd channels.

import { Decompress } from 'fzstd';
import { constants, createInflate } from 'node:zlib';
import { MigrationStreamError } from '../../base/errors.js';
import type { FlushDecoder } from '../decompressor.js';

/** zstd levels up to 20 need 128 MiB of history; QEMU allows no more. */
const MAX_WINDOW = 128 * 1024 * 1024;

export const flushDecoders: { readonly zlib: () => FlushDecoder; readonly zstd: () => FlushDecoder } = {
  zlib: () => new ZlibFlush(),
  zstd: () => new ZstdFlush(),
};

/** Output of one packet, never more than it may be. */
class Output {
  private bytes = new Uint8Array(0);
  private at = 0;

  begin(length: number): void {
    this.bytes = new Uint8Array(length);
    this.at = 0;
  }

  /** False: there is no room. */
  add(part: Uint8Array): boolean {
    if (this.at + part.length > this.bytes.length) return false;
    this.bytes.set(part, this.at);
    this.at += part.length;
    return true;
  }

  end(method: string): Uint8Array {
    if (this.at < this.bytes.length) throw bad(`a ${method} packet gives ${this.at} bytes, not ${this.bytes.length}`);
    return this.bytes;
  }
}

class ZlibFlush implements FlushDecoder {
  private readonly inflate = createInflate({ flush: constants.Z_SYNC_FLUSH, chunkSize: 64 * 1024 });
  private readonly output = new Output();
  private failure: Error | undefined;
  private wake: (() => void) | undefined;

  constructor() {
    this.inflate.on('data', (part: Uint8Array) => {
      if (!this.output.add(part)) this.inflate.destroy(bad('a zlib packet gives more than its pages'));
    });
    this.inflate.on('error', (error) => {
      this.failure = error;
      this.wake?.();
    });
  }

  async decode(input: Uint8Array, length: number): Promise<Uint8Array> {
    if (this.failure === undefined) {
      this.output.begin(length);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        this.inflate.write(input, () => resolve());
      });
    }
    if (this.failure instanceof MigrationStreamError) throw this.failure;
    if (this.failure !== undefined) throw bad(`a zlib packet cannot be decoded: ${this.failure.message}`);
    return this.output.end('zlib');
  }

  close(): void {
    this.inflate.destroy();
  }
}

class ZstdFlush implements FlushDecoder {
  private readonly output = new Output();
  private readonly decompress = new Decompress((part) => {
    if (!this.output.add(part)) throw bad('a zstd packet gives more than its pages');
  });
  private begun = false;

  async decode(input: Uint8Array, length: number): Promise<Uint8Array> {
    if (!this.begun) checkWindow(input);
    this.begun = true;
    this.output.begin(length);
    try {
      this.decompress.push(input.slice(), false);
    } catch (cause) {
      if (cause instanceof MigrationStreamError) throw cause;
      throw bad(`a zstd packet cannot be decoded: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
    return this.output.end('zstd');
  }

  close(): void {}
}

/**
 * The frame header names the history that a decoder must keep: no more than a real encoder asks for. RFC 8878, 3.1.1.1
 */
function checkWindow(input: Uint8Array): void {
  if (input.length < 14 || input[0] !== 0x28 || input[1] !== 0xb5 || input[2] !== 0x2f || input[3] !== 0xfd)
    throw bad('the first zstd packet does not begin a frame');
  const descriptor = input[4]!;
  const single = ((descriptor >>> 5) & 1) === 1;
  const window = single ? Number.POSITIVE_INFINITY : 2 ** (10 + (input[5]! >>> 3)) * (1 + (input[5]! & 7) / 8);
  if (window > MAX_WINDOW) throw bad(`a zstd frame with a history of ${single ? 'unknown size' : `${window} bytes`}`);
}

function bad(message: string): MigrationStreamError {
  return new MigrationStreamError({ code: 'bad-payload', message });
}
