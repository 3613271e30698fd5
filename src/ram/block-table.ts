// The RAM blocks that a stream listed, looked up by name or by the bytes of a name. QEMU: qemu_ram_block_by_name(), but
// over the stream's own list.

import type { RamBlockEntry } from '../wire/ram-block.js';

export class BlockTable {
  readonly entries: RamBlockEntry[] = [];
  private readonly byName = new Map<string, number>();

  /** Entries of one list; a stretch of a mapped-ram list continues it. */
  add(entries: readonly RamBlockEntry[]): void {
    for (const entry of entries) {
      if (!this.byName.has(entry.idstr)) this.byName.set(entry.idstr, this.entries.length);
      this.entries.push(entry);
    }
  }

  /** A new list replaces the old one. */
  clear(): void {
    this.entries.length = 0;
    this.byName.clear();
  }

  /** Index of the block, -1 when nothing of that name was listed. */
  find(idstr: string): number {
    return this.byName.get(idstr) ?? -1;
  }
}
