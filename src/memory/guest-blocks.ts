// The bytes of a guest's RAM blocks at any offset: pages of the stream, or the memory file of a block that the stream
// left out.

import { MigrationStreamError } from '../base/errors.js';
import { quote } from '../base/quote.js';
import type { MemoryOrigin } from '../bytes/memory.js';
import type { GuestMemory } from '../ram/guest-memory.js';
import type { RamBlockEntry } from '../wire/ram-block.js';

export class GuestBlocks {
  readonly blocks: readonly RamBlockEntry[];
  /** Target page size in bytes. */
  readonly pageSize: number;
  private readonly memory: GuestMemory;
  private readonly files: readonly (MemoryOrigin | undefined)[];
  private readonly page: Uint8Array;

  /**
   * `files`: memory files by idstr. A block with a file is read from its file alone.
   * @throws MigrationStreamError `unsupported`: a file for a block that is not there, or of another size
   */
  constructor(memory: GuestMemory, files: ReadonlyMap<string, MemoryOrigin> = new Map()) {
    this.memory = memory;
    this.blocks = memory.blocks;
    this.pageSize = memory.pageSize;
    this.page = new Uint8Array(memory.pageSize);
    this.files = memory.blocks.map(({ idstr }) => files.get(idstr));
    for (const [idstr, { label, size }] of files) {
      const block = this.blocks.find((entry) => entry.idstr === idstr);
      if (block === undefined) throw unsupported(`${label}: the stream has no block ${quote(idstr)}`);
      if (block.usedLength !== size)
        throw unsupported(`${label} has ${size} bytes, block ${quote(idstr)} has ${block.usedLength}`);
    }
  }

  /** Does neither the stream nor a file hold any page of the block? The records that came say so. */
  isMissing(block: number): boolean {
    if (this.files[block] !== undefined) return false;
    const { memory } = this;
    const pages = memory.pagesOf(block);
    for (let page = memory.next(block, 0); page < pages; page = memory.next(block, page + 1))
      if (memory.came(block, page)) return false;
    return pages > 0;
  }

  /** Pages of the block that no record brought: they read as zeros. */
  absentPages(block: number): number {
    return this.files[block] === undefined ? this.memory.absentPages(block) : 0;
  }

  /**
   * Bytes from `offset` on, at most `length`, that are zero without a look at the source: pages that came as zero, or
   * never.
   */
  zerosAt(block: number, offset: number, length: number): number {
    if (this.files[block] !== undefined) return 0;
    const { memory, pageSize } = this;
    const end = offset + length;
    let at = offset;
    while (at < end) {
      const page = Math.floor(at / pageSize);
      if (memory.came(block, page) && !memory.isZero(block, page)) break;
      at = Math.max(page + 1, memory.next(block, page)) * pageSize;
    }
    return Math.min(at, end) - offset;
  }

  /**
   * Bytes from `offset` on into `into`; the caller stays inside the block.
   * @throws MigrationStreamError as GuestMemory.read
   */
  async read(block: number, offset: number, into: Uint8Array): Promise<void> {
    const file = this.files[block];
    if (file !== undefined) {
      const got = await file.read(into, offset);
      if (got < into.length) throw unsupported(`${file.label} ends early`);
      return;
    }
    const { memory, pageSize, page } = this;
    for (let done = 0; done < into.length;) {
      const at = offset + done;
      const inside = at % pageSize;
      const left = into.length - done;
      if (inside === 0 && left >= pageSize) {
        const whole = left - (left % pageSize);
        await memory.read(block, at / pageSize, into.subarray(done, done + whole));
        done += whole;
        continue;
      }
      await memory.read(block, Math.floor(at / pageSize), page);
      const part = page.subarray(inside, Math.min(pageSize, inside + left));
      into.set(part, done);
      done += part.length;
    }
  }
}

function unsupported(message: string): MigrationStreamError {
  return new MigrationStreamError({ code: 'unsupported', message });
}
