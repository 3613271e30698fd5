// Synchronous big-endian reads from bytes in memory, with one typed error past their end. The Cursor is a Window that
// can get more bytes. The bytes from `take` are a loan: valid until the next fill.

import type { Hint } from '../base/hint.js';
import { MigrationStreamError, type ErrorCode } from '../base/errors.js';
import { HIGH, HIGH_LIMIT } from '../base/units.js';

const NOTHING = new Uint8Array(0);

/** The hint for every input that ends too early. */
export const CUT: Hint = { code: 'cut' };

/** Big-endian reads from bytes in memory; a read past their end throws `truncated`. */
export class Window {
  /** The bytes in memory; `at` is the index of the next byte, `end` the index after the last byte. */
  bytes: Uint8Array = NOTHING;
  view: DataView = new DataView(NOTHING.buffer);
  at = 0;
  end = 0;
  /** Offset of `bytes[0]` in the outermost input. It may be negative: only `base + at` has a meaning. */
  base = 0;
  /** True once no bytes can follow `end`. */
  atEnd = true;

  private readonly labels: string[] = [];

  /** A window over bytes in memory; `offset` is their position in the outermost input. */
  static over(bytes: Uint8Array, offset = 0, path: readonly string[] = []): Window {
    const window = new Window();
    window.labels.push(...path);
    window.show(bytes, 0, bytes.length, offset);
    return window;
  }

  /** Shows `bytes[at, end)`; `offset` is the position of the first byte in the outermost input. */
  protected show(bytes: Uint8Array, at: number, end: number, offset: number): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = end;
    this.base = offset - at;
  }

  /**
   * At most `limit` of the next bytes as a separate window, for looking ahead. The window does not show more than
   * `limit` even when more bytes are in memory, so the result of a look-ahead is the same for every way of reading.
   */
  lookahead(limit: number): Window {
    const window = new Window();
    window.labels.push(...this.labels);
    window.show(this.bytes, this.at, Math.min(this.end, this.at + limit), this.position);
    window.atEnd = this.atEnd && this.available <= limit;
    return window;
  }

  /** Absolute offset of the next byte. */
  get position(): number {
    return this.base + this.at;
  }

  get available(): number {
    return this.end - this.at;
  }

  get path(): readonly string[] {
    return this.labels;
  }

  /** Opens a level of the error path. Give the result to `leave`. */
  enter(label: string): number {
    return this.labels.push(label) - 1;
  }

  leave(depth: number): void {
    this.labels.length = depth;
  }

  /** The typed error for the bytes at `offset` (default: the current offset). The caller throws it. */
  fail(code: ErrorCode, message: string, more: { offset?: number; hint?: Hint } = {}): MigrationStreamError {
    return new MigrationStreamError({
      code,
      message,
      offset: more.offset ?? this.position,
      path: [...this.labels],
      hint: more.hint,
    });
  }

  /** The error for "the input ends inside this". Its offset is the end of the input. */
  truncated(needed: number, what?: string): MigrationStreamError {
    const name = what ?? this.labels[this.labels.length - 1] ?? 'the stream';
    const remain = this.available;
    return this.fail('truncated', `${name} needs ${needed} more bytes at ${hex(this.position)}, ${remain} remain`, {
      offset: this.base + this.end,
      hint: CUT,
    });
  }

  private need(count: number): void {
    if (this.at + count <= this.end) return;
    if (this.atEnd) throw this.truncated(count);
    // Not the end of the input, but the end of the look-ahead: the last fill had a limit, and this read is past it.
    throw this.fail(
      'limit-exceeded',
      `${this.labels[this.labels.length - 1] ?? 'a record'} is longer than any real one`,
    );
  }

  u8(): number {
    this.need(1);
    return this.bytes[this.at++]!;
  }

  u16(): number {
    this.need(2);
    const value = this.view.getUint16(this.at);
    this.at += 2;
    return value;
  }

  u32(): number {
    this.need(4);
    const value = this.view.getUint32(this.at);
    this.at += 4;
    return value;
  }

  /** A be64 that counts or addresses bytes; values from 2^53 on are refused (`address-too-large`). */
  u64(): number {
    this.need(8);
    const high = this.view.getUint32(this.at);
    if (high >= HIGH_LIMIT)
      throw this.fail('address-too-large', `${hex(this.view.getBigUint64(this.at))} is beyond any file`);
    const value = high * HIGH + this.view.getUint32(this.at + 4);
    this.at += 8;
    return value;
  }

  /** Any be64. */
  u64big(): bigint {
    this.need(8);
    const value = this.view.getBigUint64(this.at);
    this.at += 8;
    return value;
  }

  /** The next `count` bytes, as a loan. */
  take(count: number): Uint8Array {
    this.need(count);
    const part = this.bytes.subarray(this.at, this.at + count);
    this.at += count;
    return part;
  }

  /** `count` bytes as a string with one character per byte, so that encoding gives the same bytes again. */
  latin1(count: number): string {
    this.need(count);
    const text = latin1(this.bytes, this.at, this.at + count);
    this.at += count;
    return text;
  }

  /** Reads a be16, u8 … without consuming it; undefined when the bytes are not in memory. */
  peek(ahead = 0): number | undefined {
    const index = this.at + ahead;
    return index < this.end ? this.bytes[index] : undefined;
  }
}

/** One character per byte. Names are short. The platform's decoders would change 0x80-0x9f. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i += 4096) {
    // `apply` reads the bytes where they are; a spread makes a list of them first and takes five times as long.
    text += String.fromCharCode.apply(undefined, bytes.subarray(i, Math.min(end, i + 4096)) as never);
  }
  return text;
}

export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
