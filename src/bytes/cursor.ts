// The reader's place in a source: a Window that can be filled. Rule of use: fill once per record with the known upper
// bound of the record, then read synchronously; never await per field. The bytes from `take` are loans until the next
// fill or skip.

import { MigrationStreamError, type ErrorCode } from '../base/errors.js';
import type { Span } from '../base/span.js';
import { MAX_FILL } from '../limits.js';
import { abortable } from './abort.js';
import { HEADROOM, ReadAhead, type ReadAheadOptions, type Slab } from './read-ahead.js';
import type { ByteSource } from './source.js';
import { CUT, hex, Window } from './window.js';

/** Codes of a source whose bytes cannot be read any further. */
const ENDS: readonly ErrorCode[] = ['truncated', 'bad-container'];

export interface CursorOptions extends ReadAheadOptions {
  /** Ends the reading: once it is aborted, reads throw its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called from time to time with the position in bytes, for progress. */
  readonly onProgress?: ((position: number) => void) | undefined;
}

/**
 * A reader's place in a source. Fill once per record, then read synchronously. The bytes from `take` are loans until
 * the next fill.
 */
export class Cursor extends Window {
  readonly source: ByteSource;
  private readonly ahead: ReadAhead;
  private readonly onProgress: ((position: number) => void) | undefined;
  private slab: Slab | undefined;
  private closed = false;
  private broken: MigrationStreamError | undefined;
  /** Index of the first byte of input in the window. The bytes before it are left over from another slab. */
  private windowStart = 0;

  constructor(source: ByteSource, options: CursorOptions = {}) {
    super();
    this.source = source;
    this.ahead = new ReadAhead(abortable(source, options.signal), options);
    this.onProgress = options.onProgress;
    this.atEnd = false;
  }

  /**
   * Makes at least `count` bytes available. At the end of the input there may be fewer; then `atEnd` is true. `keep`
   * bytes before the next byte stay in the window, for `raw`.
   * @throws MigrationStreamError code `io` when the source fails
   */
  async fill(count: number, keep = 0): Promise<void> {
    if (count > MAX_FILL) throw new TypeError(`fill(${count}) asks for more than one record may need`);
    this.at -= keep;
    if (this.available < count + keep) await this.more();
    // Short reads of a pipe: a look-ahead over many slabs.
    if (this.available < count + keep && !this.atEnd) await this.gather(count + keep);
    this.at += keep;
  }

  /**
   * Makes more bytes available, of any number; false at the end of the input. Repeated calls give every byte exactly
   * once.
   * @throws MigrationStreamError code `io` when the source fails
   */
  async more(): Promise<boolean> {
    const next = this.atEnd ? undefined : await this.next();
    if (next === undefined) {
      this.atEnd = true;
      return false;
    }
    const tail = this.available;
    const position = tail === 0 ? next.offset : this.position;
    if (tail <= HEADROOM) {
      next.buffer.set(this.bytes.subarray(this.at, this.end), HEADROOM - tail);
      this.replace(next, HEADROOM - tail, HEADROOM + next.length, position);
    } else {
      const joined = new Uint8Array(tail + next.length);
      joined.set(this.bytes.subarray(this.at, this.end));
      joined.set(next.buffer.subarray(HEADROOM, HEADROOM + next.length), tail);
      this.ahead.release(next);
      this.replace({ buffer: joined, length: joined.length, offset: position }, 0, joined.length, position);
    }
    this.onProgress?.(position);
    return true;
  }

  /**
   * Steps over `count` bytes. A seekable source does not even read them.
   * @throws MigrationStreamError code `truncated` when the input ends before
   */
  async skip(count: number): Promise<void> {
    let left = count - this.available;
    if (left <= 0) {
      this.at += count;
      return;
    }
    const { size, seekable } = this.source;
    if (seekable && size !== undefined) {
      const target = this.position + count;
      if (target > size) {
        const message = `${this.path.at(-1) ?? 'the stream'} needs ${count} more bytes at ${hex(this.position)}, ${size - this.position} remain`;
        throw this.fail('truncated', message, { offset: size, hint: CUT });
      }
      if (left > HEADROOM) {
        await this.seek(target);
        return;
      }
    }
    this.at = this.end;
    while (left > 0) {
      if (!(await this.more())) throw this.truncated(left);
      const step = Math.min(left, this.available);
      this.at += step;
      left -= step;
    }
  }

  /**
   * Takes the whole rest of the input into one window. False when the rest is longer than `limit` bytes; then the
   * window holds about `limit` bytes, and reading goes on from there.
   * @throws MigrationStreamError code `io` when the source fails
   */
  async hold(limit: number): Promise<boolean> {
    await this.gather(limit);
    return this.atEnd;
  }

  /** The stream ends at `offset`: what stands behind it is read only when it is asked for, and then in small pieces. */
  expectEnd(offset: number): void {
    this.ahead.expectEnd(offset);
  }

  /**
   * At least `count` bytes as one window, fewer only at the end. They are appended to the window; a window without room
   * is copied to one that has room for as many bytes again, so a look that grows copies few bytes twice.
   */
  private async gather(count: number): Promise<void> {
    while (this.available < count && !this.atEnd) {
      const next = await this.next();
      if (next === undefined) {
        this.atEnd = true;
        return;
      }
      const { position, available } = this;
      if (this.end + next.length > this.bytes.length) {
        const buffer = new Uint8Array(2 * (available + next.length));
        buffer.set(this.bytes.subarray(this.at, this.end));
        this.replace({ buffer, length: buffer.length, offset: position }, 0, available, position);
      }
      this.bytes.set(next.buffer.subarray(HEADROOM, HEADROOM + next.length), this.end);
      this.end += next.length;
      this.ahead.release(next);
    }
  }

  /** Continues at an absolute offset of a seekable source. */
  async seek(offset: number): Promise<void> {
    await this.ahead.seek(offset);
    if (this.slab !== undefined) this.ahead.release(this.slab);
    this.slab = undefined;
    this.show(new Uint8Array(0), 0, 0, offset);
    this.windowStart = 0;
    this.atEnd = false;
  }

  /** Bytes that were already consumed, as a loan; undefined when the window no longer has all of them. */
  raw(range: Span): Uint8Array | undefined {
    const start = range.start - this.base;
    const end = range.end - this.base;
    return start >= this.windowStart && end <= this.at ? this.bytes.subarray(start, end) : undefined;
  }

  /**
   * What the source said where its bytes end, if it said that they should not: a container that is cut or damaged.
   * Everything before that is given out first.
   */
  get brokenEnd(): MigrationStreamError | undefined {
    return this.broken;
  }

  override truncated(needed: number, what?: string): MigrationStreamError {
    const error = super.truncated(needed, what);
    return this.broken === undefined ? error : this.broken.along(error.path);
  }

  private async next(): Promise<Slab | undefined> {
    try {
      return await this.ahead.next();
    } catch (error) {
      if (!(error instanceof MigrationStreamError) || !ENDS.includes(error.code)) throw error;
      this.broken = error;
      return undefined;
    }
  }

  /** Stops reading ahead and waits for the reads in flight. The source stays open, and the window keeps its bytes. */
  drain(): Promise<void> {
    return this.ahead.drain();
  }

  /** Stops reading ahead and closes the source. A second call does nothing. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.drain();
    await this.source.close();
  }

  private replace(slab: Slab, at: number, end: number, position: number): void {
    const old = this.slab;
    this.slab = slab;
    this.show(slab.buffer, at, end, position);
    this.windowStart = at;
    if (old !== undefined) this.ahead.release(old);
  }
}
