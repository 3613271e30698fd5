// Page tables at random for guests that are stopped: large pages, holes, loops, tables outside of memory; and programs
// of a few instructions that switch them on. Imports nothing of ours.

/** A sequence of numbers below 2^32 that a seed determines. */
export function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
}

export interface TableShape {
  /** Bytes of an entry. */
  readonly entry: 4 | 8;
  /** An entry that points to a table, or to a page of 2^shift bytes: its bits. */
  table(address: bigint): bigint;
  leaf(address: bigint, level: number): bigint;
  /** log2 of the size of a page on each level, 1 being the last; undefined: a level without leaves. */
  readonly shifts: readonly (number | undefined)[];
  /** Bytes of a table. */
  readonly size: number;
}

const TABLES = 24;

/**
 * Tables at `base`, every one of any level, so that each walk finds something: for each level as many pages as fit,
 * whose entries point to tables of the level below. The root is the last. `memory`: where pages may point, in bytes.
 */
export function randomTables(
  shape: TableShape,
  base: bigint,
  memory: { readonly start: bigint; readonly size: bigint },
  seed: number,
): { readonly bytes: Buffer; readonly root: bigint } {
  const next = sequence(seed);
  const levels = shape.shifts.length;
  const each = Math.floor(TABLES / levels);
  const bytes = Buffer.alloc(levels * each * shape.size);
  const at = (level: number, index: number): bigint => base + BigInt(((level - 1) * each + index) * shape.size);
  for (let level = 1; level <= levels; level += 1)
    for (let i = 0; i < each * (shape.size / shape.entry); i += 1) {
      const kind = next() % 100;
      const shift = shape.shifts[level - 1];
      const anywhere = memory.start + ((BigInt(next()) << 8n) % memory.size);
      let value = 0n;
      // Every level has loops: entries that point to the table's own level.
      if (level > 1 && kind < 70) value = shape.table(at(level - 1, next() % each));
      else if (level > 1 && kind < 74) value = shape.table(at(level, next() % each));
      else if (level > 1 && kind < 76) value = shape.table(0x9_0000_0000n & (shape.entry === 4 ? 0xffff_ffffn : ~0n));
      else if (shift !== undefined && kind < 94)
        value = shape.leaf((anywhere >> BigInt(shift)) << BigInt(shift), level);
      const where = (level - 1) * each * shape.size + i * shape.entry;
      if (shape.entry === 8) bytes.writeBigUInt64LE(value, where);
      else bytes.writeUInt32LE(Number(value & 0xffff_ffffn), where);
    }
  return { bytes, root: at(levels, 0) };
}

/** `count` addresses of `width` bits: in the lower half, in the upper one where there is one, and outside of both. */
export function someAddresses(width: number, count: number, seed: number, both: boolean): bigint[] {
  const next = sequence(seed);
  return Array.from({ length: count }, () => {
    const value = (BigInt(next()) << 32n) | BigInt(next());
    if (!both) return BigInt.asUintN(width, value);
    return next() % 20 === 0 ? value : BigInt.asUintN(64, BigInt.asIntN(width, value));
  });
}

const words = (...list: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(list.length * 4);
  list.forEach((word, i) => bytes.writeUInt32LE(word >>> 0, i * 4));
  return bytes;
};
const doubles = (...list: readonly bigint[]): Buffer => {
  const bytes = Buffer.alloc(list.length * 8);
  list.forEach((value, i) => bytes.writeBigUInt64LE(BigInt.asUintN(64, value), i * 8));
  return bytes;
};

/** AArch64 at EL1: four registers from the words behind the code, then the MMU is on, and nothing here is mapped. */
export function armProgram(tcr: bigint, ttbr0: bigint, ttbr1: bigint): Buffer {
  const registers = [0xd5182040, 0xd5182000, 0xd5182020, 0xd5181000];
  const code = registers.flatMap((msr, i) => {
    // ldr x0, the i-th of the values at offset 48; msr REGISTER, x0
    const at = i * 8;
    return [0x58000000 | (((48 + i * 8 - at) / 4) << 5), msr];
  });
  code.push(0xd5033fdf, 0x14000000, 0xd503201f, 0xd503201f);
  return Buffer.concat([words(...code), doubles(tcr, ttbr0, ttbr1, 0x30d0_0801n)]);
}

/** RISC-V in machine mode: physical memory open to all, exceptions to supervisor mode, satp, and there. */
export function riscvProgram(satp: bigint): Buffer {
  const csrs: readonly (readonly [number, bigint])[] = [
    [0x3b0, 0x3f_ffff_ffff_ffffn],
    [0x3a0, 0x1fn],
    [0x302, 0xffffn],
    [0x105, 0n],
    [0x180, satp],
    [0x341, 0n],
    [0x300, 0x800n],
  ];
  const size = 4 + csrs.length * 8 + 4;
  const values = Math.ceil(size / 8) * 8;
  // auipc t0, 0; for each: ld t1, OFFSET(t0); csrw CSR, t1; mret
  const code = [0x00000297];
  csrs.forEach(([csr], i) => code.push(((values + i * 8) << 20) | 0x2b303, (csr << 20) | 0x31073));
  code.push(0x30200073);
  while (code.length * 4 < values) code.push(0x00000013);
  return Buffer.concat([words(...code), doubles(...csrs.map(([, value]) => value))]);
}
