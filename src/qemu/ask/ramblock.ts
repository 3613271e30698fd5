// `info ramblock`, the only place where QEMU says how large its blocks may become. QEMU: ram_block_format(),
// softmmu/physmem.c. Imports nothing.

export interface RamblockRow {
  readonly idstr: string;
  /** Bytes. */
  readonly pageSize: number;
  /** Bytes: used_length and max_length. */
  readonly usedLength: number;
  readonly maxLength: number;
}

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** Name (may be empty), page size, offset, used, total; since 8.1 host address and rw or ro follow. */
const ROW = /^\s*(\S*)\s+(\d+(?:\.\d+)?) (B|[KMGT]iB)\s+0x[0-9a-f]{16} 0x([0-9a-f]{16}) 0x([0-9a-f]{16})\b/;

/** The rows in QEMU's order; the heading and whatever is no row are passed over. */
export function parseRamblocks(text: string): RamblockRow[] {
  return text.split('\n').flatMap((line) => {
    const found = ROW.exec(line);
    if (found === null) return [];
    const [, idstr = '', size = '', unit = '', used = '', most = ''] = found;
    return [
      {
        idstr,
        pageSize: Number(size) * UNITS[unit]!,
        usedLength: Number.parseInt(used, 16),
        maxLength: Number.parseInt(most, 16),
      },
    ];
  });
}
