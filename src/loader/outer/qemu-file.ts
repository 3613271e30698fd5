// The stream as QEMU's getters give it: past the end come zeros, and an error that sticks and is looked at only where
// QEMU looks. Bytes must be wanted before they are read. QEMU: migration/qemu-file.c.

import type { Cursor } from '../../bytes/cursor.js';
import { latin1 } from '../../bytes/window.js';
import { MAX_FILL } from '../../limits.js';
import type { Errno } from '../../release/messages/index.js';

export class QemuFile {
  readonly cursor: Cursor;
  /** QEMU: qemu_file_get_error(), the first one stays. */
  error: Errno | undefined;
  /** Absolute offset at which this file ends, when it is a package inside another. */
  private readonly limit: number;

  constructor(cursor: Cursor, limit = Infinity) {
    this.cursor = cursor;
    this.limit = limit;
  }

  get position(): number {
    return this.cursor.position;
  }

  /** A file of the next `length` bytes. */
  package(length: number): QemuFile {
    return new QemuFile(this.cursor, this.position + length);
  }

  /** Has this file so many more bytes? They must be wanted. */
  private has(count: number): boolean {
    return this.cursor.available >= count && this.position + count <= this.limit;
  }

  /** Makes the next `count` bytes readable, as far as there are any. */
  async want(count: number): Promise<void> {
    if (this.cursor.available < count) await this.cursor.fill(Math.min(count, MAX_FILL));
  }

  /** There is only one error that reading can make. */
  private ended(): void {
    this.error ??= 'EIO';
  }

  u8(): number {
    const { cursor } = this;
    if (!this.has(1)) {
      this.ended();
      return 0;
    }
    return cursor.bytes[cursor.at++]!;
  }

  u16(): number {
    return (this.u8() << 8) | this.u8();
  }

  u32(): number {
    const { cursor } = this;
    if (this.has(4)) {
      const value = cursor.view.getUint32(cursor.at);
      cursor.at += 4;
      return value;
    }
    return ((this.u8() << 24) | (this.u8() << 16) | this.u16()) >>> 0;
  }

  u64(): bigint {
    const high = this.u32();
    return (BigInt(high) << 32n) | BigInt(this.u32());
  }

  /** A byte ahead without taking it; none there: 0, and the error. QEMU: qemu_peek_byte(). */
  peek(ahead: number): number {
    if (this.has(ahead + 1)) return this.cursor.bytes[this.cursor.at + ahead]!;
    this.ended();
    return 0;
  }

  /** Bytes ahead as text, fewer at the end. QEMU: qemu_peek_buffer(). */
  peekText(count: number, ahead: number): string {
    const { cursor } = this;
    const end = Math.min(cursor.end, cursor.at + ahead + count, this.limit - cursor.base);
    if (end < cursor.at + ahead + count) this.ended();
    return latin1(cursor.bytes, Math.min(cursor.at + ahead, end), end);
  }

  /** Steps over bytes that are here. */
  skip(count: number): void {
    this.cursor.at = Math.min(this.cursor.at + count, this.cursor.end);
  }

  /** `count` bytes, zeros for those that are not there; a copy, or a loan when all are. */
  take(count: number): Uint8Array {
    const { cursor } = this;
    if (this.has(count)) {
      cursor.at += count;
      return cursor.bytes.subarray(cursor.at - count, cursor.at);
    }
    const bytes = new Uint8Array(count);
    const end = Math.max(cursor.at, Math.min(cursor.end, this.limit - cursor.base));
    bytes.set(cursor.bytes.subarray(cursor.at, end));
    cursor.at = end;
    this.ended();
    return bytes;
  }

  /**
   * The text of a counted string, at most 255 bytes; as C sees it when it is compared or printed: up to a NUL. `short`:
   * not all came.
   */
  counted(): { readonly text: string; readonly length: number; readonly short: boolean } {
    const length = this.u8();
    const short = !this.has(length);
    const bytes = this.take(length);
    const nul = bytes.indexOf(0);
    return { text: latin1(bytes, 0, nul === -1 ? length : nul), length, short };
  }

  /** Passes over bytes that nobody looks at; answers how many there were. QEMU: qemu_get_buffer(). */
  async pass(count: number): Promise<number> {
    let left = count;
    while (left > 0) {
      if (this.cursor.available === 0 && !(await this.cursor.more())) break;
      const step = Math.min(left, this.cursor.available, this.limit - this.position);
      if (step <= 0) break;
      this.cursor.at += step;
      left -= step;
    }
    if (left > 0) this.ended();
    return count - left;
  }
}
