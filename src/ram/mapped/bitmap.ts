// The bitmap of one mapped-ram block: which of its pages stand in the file. QEMU: ramblock_file_map,
// ram_save_file_bmap() and parse_ramblock_mapped_ram(), migration/ram.c.

import { countOnes } from '../ones.js';
import { pageKind, type PageRuns } from '../page-runs.js';

/** QEMU writes the bitmap as 64-bit words of the host that saved. */
export type WordOrder = 'little' | 'big';

export class MappedBitmap {
  /** Bit i of the block is bit i % 8 of byte i / 8, whatever the word order in the file was. */
  readonly bits: Uint8Array;
  readonly pages: number;
  readonly order: WordOrder;

  /**
   * `bits`: whole 64-bit words as they stand in the file; they are kept, and changed in place. Bits behind the last
   * page are clear in every file of QEMU: where they are set, and would not be in the other word order, the words are
   * big-endian.
   */
  constructor(bits: Uint8Array, pages: number) {
    this.pages = pages;
    this.bits = bits;
    this.order = 'little';
    if (bits.length < 8 || tailIsClear(bits.subarray(bits.length - 8), pages)) return;
    if (!tailIsClear(bits.slice(bits.length - 8).reverse(), pages)) return;
    this.order = 'big';
    for (let at = 0; at < bits.length; at += 8) bits.subarray(at, at + 8).reverse();
  }

  /** Pages that stand in the file: the number of set bits. */
  get present(): number {
    const { bits, pages } = this;
    const view = new DataView(bits.buffer, bits.byteOffset, bits.length);
    const whole = pages >>> 5;
    let sum = 0;
    for (let word = 0; word < whole; word += 1) sum += countOnes(view.getUint32(word * 4, true));
    const rest = pages & 31;
    return rest === 0 ? sum : sum + countOnes(view.getUint32(whole * 4, true) & ((1 << rest) - 1));
  }

  has(page: number): boolean {
    return page < this.pages && ((this.bits[page >>> 3]! >>> (page & 7)) & 1) === 1;
  }

  /** The first page from `page` on, below `end`, whose bit is not like that of `page`; `end` when there is none. */
  change(page: number, end: number): number {
    const { bits } = this;
    const set = this.has(page);
    const same = set ? 0xff : 0;
    for (let at = page + 1; at < end;) {
      if ((at & 7) === 0 && bits[at >>> 3] === same) at += 8;
      else if (this.has(at) !== set) return at;
      else at += 1;
    }
    return end;
  }

  /**
   * Fills `runs` with pages `from` to `to` of block `block`, as many as fit; answers the first page that is not in it.
   * `at`: index in `runs.bytes` at which page `from` stands.
   */
  fill(runs: PageRuns, block: number, from: number, to: number, at: number): number {
    const { pageSize } = runs;
    const most = Math.floor((0xffff_ffff - at) / pageSize);
    const stop = Math.min(to, from + most);
    let count = 0;
    let page = from;
    while (page < stop && count < runs.kind.length) {
      const next = this.change(page, stop);
      const set = this.has(page);
      runs.kind[count] = set ? pageKind.page : pageKind.zero;
      runs.block[count] = block;
      runs.named[count] = 0;
      runs.fill[count] = 0;
      runs.addr[count] = page * pageSize;
      runs.pages[count] = next - page;
      runs.body[count] = at + (page - from) * pageSize;
      runs.length[count] = set ? pageSize : 1;
      count += 1;
      page = next;
    }
    runs.count = count;
    runs.bare = true;
    return page;
  }
}

/** Are the bits of the last word that no page belongs to clear? */
function tailIsClear(word: Uint8Array, pages: number): boolean {
  const used = pages % 64;
  if (used === 0) return true;
  for (let bit = used; bit < 64; bit += 1) if (((word[bit >>> 3]! >>> (bit & 7)) & 1) === 1) return false;
  return true;
}
