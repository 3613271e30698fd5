// Reads a source ahead of its consumer, in order, into reused slabs. The first read is short and alone, because a look
// at a header needs only one. While the consumer keeps reading, the reader grows to several 1 MiB reads in flight,
// which lets a walk keep up with `cat` (docs/adr/0001).

import { MAX_LOOK, SLAB_COUNT, SLAB_SIZE } from '../limits.js';
import { readSource, type ByteSource } from './source.js';

/**
 * Room before the data of every slab, for the unread tail of the previous slab: a whole 64 KiB page with its header.
 */
export const HEADROOM = 128 * 1024;
const FIRST_READ = 64 * 1024;

/**
 * malloc returns large buffers that begin 16 bytes after a page boundary. On AMD, a copy from a page of the page cache
 * to such an address takes three times as long as a copy from page to page. Full slabs are therefore cut out of one
 * buffer in which the data begins on a page boundary (docs/performance.md).
 */
const PAGE = 4096;
const MALLOC_HEADER = 16;

/** The data is in `buffer[HEADROOM, HEADROOM + length)`. */
export interface Slab {
  readonly buffer: Uint8Array;
  length: number;
  /** Offset of the data in the source. */
  offset: number;
}

export interface ReadAheadOptions {
  /** Largest single read in bytes; tests make it tiny. */
  readonly slabSize?: number;
  /** Overwrite returned slabs with 0xdd, so that a consumer that kept a loan is detected. */
  readonly poison?: boolean;
  /**
   * True where the source may be much longer than the stream in it: nothing is read before it is asked for, and a read
   * is as long as an eighth of what was read before, so that little behind the end of the stream is touched.
   */
  readonly cautious?: boolean;
}

export class ReadAhead {
  private readonly source: ByteSource;
  private readonly slabSize: number;
  private readonly poison: boolean;
  private readonly free: Slab[] = [];
  private queue: Promise<Slab>[] = [];
  private issued = 0;
  private want: number;
  private depth = 1;
  private readonly cautious: boolean;
  /** Where the stream ends, when that is known. */
  private end = Number.POSITIVE_INFINITY;
  private ended = false;
  /** The full slabs exist. */
  private cut = false;

  constructor(source: ByteSource, options: ReadAheadOptions = {}) {
    this.source = source;
    this.slabSize = options.slabSize ?? SLAB_SIZE;
    this.poison = options.poison ?? false;
    this.cautious = options.cautious ?? false;
    this.want = Math.min(FIRST_READ, this.slabSize);
  }

  /** The next slab in order; undefined at the end. Return it with `release`. Rejects with code `io`. */
  async next(): Promise<Slab | undefined> {
    if (this.queue.length === 0 && !this.issue()) return undefined;
    const slab = await this.queue.shift()!;
    if (slab.length === 0) {
      this.ended = true;
      this.release(slab);
      return undefined;
    }
    this.grow();
    if (!this.cautious) while (this.queue.length < this.depth && this.issued < this.end && this.issue());
    return slab;
  }

  /** Nothing behind `offset` is read ahead. */
  expectEnd(offset: number): void {
    this.end = offset;
  }

  release(slab: Slab): void {
    if (this.poison) slab.buffer.fill(0xdd);
    if (slab.buffer.length === HEADROOM + this.slabSize && this.free.length < SLAB_COUNT) this.free.push(slab);
  }

  /** Continues at `offset`. Reads in flight are awaited and dropped. The source must be seekable. */
  async seek(offset: number): Promise<void> {
    const dropped = this.queue;
    this.queue = [];
    for (const settled of await Promise.allSettled(dropped)) {
      if (settled.status === 'fulfilled') this.release(settled.value);
    }
    this.issued = offset;
    this.want = Math.min(FIRST_READ, this.slabSize);
    this.depth = 1;
    this.ended = false;
  }

  /** Waits for reads in flight, so that the source can be closed. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.queue);
    this.queue = [];
    this.ended = true;
  }

  private grow(): void {
    if (this.cautious)
      this.want = Math.min(this.slabSize, Math.max(FIRST_READ, 2 ** Math.floor(Math.log2(this.issued / 8))));
    else if (this.want < this.slabSize) this.want = Math.min(this.want * 2, this.slabSize);
    else if (this.source.seekable && this.depth < SLAB_COUNT - 1) this.depth += 1;
  }

  private issue(): boolean {
    if (this.ended) return false;
    const { size, seekable } = this.source;
    const near = this.issued < this.end ? this.end - this.issued : MAX_LOOK;
    const wanted = Math.min(this.want, near);
    const left = size === undefined ? wanted : Math.min(wanted, size - this.issued);
    if (left <= 0) return false;
    const slab = this.slabFor(left);
    slab.offset = this.issued;
    const read = seekable
      ? this.readAt(slab, left)
      : // A pipe has one read at a time: each read begins when the length of the previous read is known.
        (this.queue.at(-1) ?? Promise.resolve(undefined)).then(() => this.readAt(slab, left));
    if (seekable) this.issued += left;
    read.catch(() => {}); // `next` awaits the promise and sees the error; nobody awaits a dropped read
    this.queue.push(read);
    return true;
  }

  private slabFor(length: number): Slab {
    if (length <= this.slabSize / 2) return { buffer: new Uint8Array(HEADROOM + length), length: 0, offset: 0 };
    if (!this.cut) {
      this.cut = true;
      const stride = HEADROOM + this.slabSize;
      const whole = new Uint8Array(PAGE + SLAB_COUNT * stride);
      for (let at = PAGE - MALLOC_HEADER; this.free.length < SLAB_COUNT; at += stride) {
        this.free.push({ buffer: whole.subarray(at, at + stride), length: 0, offset: 0 });
      }
    }
    // All slabs may be lent out while a read that a seek dropped has not ended.
    return this.free.pop() ?? { buffer: new Uint8Array(HEADROOM + this.slabSize), length: 0, offset: 0 };
  }

  private async readAt(slab: Slab, length: number): Promise<Slab> {
    const offset = this.source.seekable ? slab.offset : this.issued;
    slab.offset = offset;
    slab.length = await readSource(this.source, slab.buffer.subarray(HEADROOM, HEADROOM + length), offset);
    if (!this.source.seekable) this.issued += slab.length;
    // The read was short although the size was known: the file shrank during the read. The following bytes do not
    // exist.
    else if (slab.length < length) this.ended = true;
    return slab;
  }
}
