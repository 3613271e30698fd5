// The mirror of the cursor: big-endian writes into a reused buffer, which is flushed to a sink. While the sink writes
// the first buffer, a second buffer is filled. Rule of use: make room once per record with the known upper bound of the
// record, then write synchronously, and read `bytes` again after making room. `encodeBytes` does the same in memory
// only.

import { MigrationStreamError } from '../base/errors.js';
import { HIGH } from '../base/units.js';
import type { ByteSink } from './source.js';

const BUFFER_SIZE = 1024 * 1024;

/** A writer's place in a sink: make room once per record, then write synchronously. */
export class Emitter {
  bytes: Uint8Array;
  view: DataView;
  at = 0;
  private readonly sink: ByteSink | undefined;
  private flushed = 0;
  /** The buffer that the sink is writing or has written. */
  private spare: Uint8Array | undefined;
  private pending: Promise<void> | undefined;

  constructor(sink: ByteSink | undefined, size = BUFFER_SIZE) {
    this.sink = sink;
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Offset of the next byte in the output. */
  get position(): number {
    return this.flushed + this.at;
  }

  get room(): number {
    return this.bytes.length - this.at;
  }

  /** Makes room for `count` bytes (at most the buffer's size). */
  async reserve(count: number): Promise<void> {
    if (this.room < count) await this.turn();
    if (this.room < count) throw new TypeError(`reserve(${count}) asks for more than the buffer has`);
  }

  /** Hands all written bytes to the sink, and waits until the sink has written them. */
  async flush(): Promise<void> {
    await this.turn();
    await this.settle();
  }

  /** Writes any number of bytes. */
  async copy(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      if (this.room === 0) await this.reserve(1);
      const count = Math.min(this.room, bytes.length - from);
      this.put(from === 0 && count === bytes.length ? bytes : bytes.subarray(from, from + count));
      from += count;
    }
  }

  /** Writes a hole of `count` zeros. */
  async skip(count: number): Promise<void> {
    await this.flush();
    await this.sink?.skip(count);
    this.flushed += count;
  }

  /**
   * Waits until the sink has written the previous buffer, gives it the current buffer, and continues in the other
   * buffer.
   */
  private async turn(): Promise<void> {
    if (this.at === 0 || this.sink === undefined) return;
    await this.settle();
    const full = this.bytes;
    this.pending = this.sink.write(full.subarray(0, this.at));
    // The next write rethrows this error. Until then it must not become an unhandled rejection.
    this.pending.catch(() => {});
    this.bytes = this.spare ?? new Uint8Array(full.length);
    this.view = new DataView(this.bytes.buffer);
    this.spare = full;
    this.flushed += this.at;
    this.at = 0;
  }

  private async settle(): Promise<void> {
    const { pending } = this;
    this.pending = undefined;
    await pending;
  }

  u8(value: number): void {
    this.bytes[this.at++] = value;
  }

  u16(value: number): void {
    this.view.setUint16(this.at, value);
    this.at += 2;
  }

  u32(value: number): void {
    this.view.setUint32(this.at, value);
    this.at += 4;
  }

  /** @throws MigrationStreamError code `cannot-encode` unless the value is an integer from 0 to 2^53-1 */
  u64(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw cannotEncode(`${value} is no 64-bit length or address`);
    this.view.setUint32(this.at, Math.floor(value / HIGH));
    this.view.setUint32(this.at + 4, value % HIGH);
    this.at += 8;
  }

  u64big(value: bigint): void {
    this.view.setBigUint64(this.at, value);
    this.at += 8;
  }

  put(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** The mirror of Window.latin1. */
  latin1(text: string): void {
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code > 0xff) throw cannotEncode(`character U+${code.toString(16)} has no single byte on the wire`);
      this.bytes[this.at++] = code;
    }
  }
}

export function cannotEncode(message: string): MigrationStreamError {
  return new MigrationStreamError({ code: 'cannot-encode', message });
}
