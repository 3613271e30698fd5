// Records of a source, read at random: the newest versions of neighbouring pages stand near each other, but the deltas
// of one page lie as far apart as the rounds of the migration. So a window is kept for each of several places.

import { readSource, type ByteSource } from '../bytes/source.js';

/** Bytes of a window: the largest record, a page of 64 KiB that zlib made longer, takes 65,566. */
export const NEAR_WINDOW = 128 * 1024;
/** 4 MiB in all. A page seldom has more deltas than this. */
const WINDOWS = 32;

interface Window {
  readonly bytes: Uint8Array;
  start: number;
  length: number;
  used: number;
}

export class NearRecords {
  private readonly source: ByteSource;
  private readonly windows: Window[] = [];
  /** The window that was used last, an index: pages that were sent in the same rounds use the windows in turn. */
  private last = 0;
  private uses = 0;

  constructor(source: ByteSource) {
    this.source = source;
  }

  /**
   * `count` bytes at `offset`, a loan until the next read; undefined where no window holds them. Ask here first: most
   * records are held, and cost no promise.
   */
  held(offset: number, count: number): Uint8Array | undefined {
    const { windows } = this;
    for (let i = 0; i < windows.length; i += 1) {
      const at = (this.last + i) % windows.length;
      const window = windows[at]!;
      if (offset < window.start || offset + count > window.start + window.length) continue;
      this.last = at;
      this.uses += 1;
      window.used = this.uses;
      return window.bytes.subarray(offset - window.start, offset - window.start + count);
    }
    return undefined;
  }

  /**
   * `count` bytes at `offset` from the source; fewer at its end. The window keeps the bytes behind them.
   * @throws MigrationStreamError code `io`
   */
  async read(offset: number, count: number): Promise<Uint8Array> {
    const window = this.oldest();
    window.length = 0;
    window.start = offset;
    window.length = await readSource(this.source, window.bytes, offset);
    return this.held(offset, count) ?? window.bytes.subarray(0, Math.min(count, window.length));
  }

  private oldest(): Window {
    const { windows } = this;
    if (windows.length < WINDOWS) {
      const window = { bytes: new Uint8Array(NEAR_WINDOW), start: 0, length: 0, used: 0 };
      windows.push(window);
      return window;
    }
    return windows.reduce((oldest, window) => (window.used < oldest.used ? window : oldest));
  }
}
