// Which RAM blocks are the machine's memory, and in which order a machine joins them. A machine without -numa has one
// block with the name of its machine type, or the memory backend of the option memory-backend; with -numa it has a
// backend for each node, joined in the order of the nodes. QEMU: machine_consume_memdev, numa_init_memdev_container,
// hw/core/.

import { MigrationStreamError } from '../base/errors.js';
import { quote } from '../base/quote.js';
import type { RamBlockEntry } from '../wire/ram-block.js';
import { MAP_HINT } from './physical-map.js';

/** default_ram_id of the machine types. QEMU: hw/i386/pc.c, microvm.c, hw/arm/virt.c, hw/riscv/virt.c … */
const mainNames = ['pc.ram', 'microvm.ram', 'mach-virt.ram', 'riscv_virt_board.ram', 'ppc_spapr.ram', 's390.ram'];

/** Blocks that devices and boards make. The name of a memory backend is the id that its user gave. */
const deviceNames =
  /^(?:\/rom@|pc\.(?:rom|bios)$|isa-bios$|system\.flash|virt\.(?:flash|sram|secure-)|riscv_virt_board\.mrom$|mach-virt\.)|[^/].*\/|\.(?:rom|vram|vgavram|flash)$|vga\.vram$/;

export interface MainRam {
  /** Indices into the block list, in the order of their addresses. */
  readonly blocks: readonly number[];
  /** Bytes. */
  readonly size: number;
  /** How the order is known; undefined: there is one block. */
  readonly order: string | undefined;
}

/**
 * The machine's memory. `size`: bytes that it has, where the stream says it. Hot-plugged memory is not among it.
 * @throws MigrationStreamError `unsupported`: several blocks, and nothing tells their order or which of them they are
 */
export function mainRam(blocks: readonly RamBlockEntry[], size: number | undefined): MainRam {
  const named = blocks.findIndex(({ idstr }) => mainNames.includes(idstr));
  if (named >= 0) return checked({ blocks: [named], size: blocks[named]!.usedLength, order: undefined }, size);
  const backends = [...blocks.keys()].filter(
    (index) => !deviceNames.test(blocks[index]!.idstr.replace(/^\/objects\//, '')),
  );
  const exact = backends.filter((index) => blocks[index]!.usedLength === size);
  const chosen = exact.length === 1 ? exact : backends;
  if (chosen.length === 0) throw unknown('the block list names no memory of the machine');
  const total = chosen.reduce((sum, index) => sum + blocks[index]!.usedLength, 0);
  if (chosen.length === 1) return checked({ blocks: chosen, size: total, order: undefined }, size);
  return checked({ ...ordered(chosen, blocks), size: total }, size);
}

function ordered(chosen: readonly number[], blocks: readonly RamBlockEntry[]): Pick<MainRam, 'blocks' | 'order'> {
  const names = (): string => chosen.map((index) => quote(blocks[index]!.idstr)).join(', ');
  if (chosen.every((index) => blocks[index]!.gpa !== undefined)) {
    const byAddress = [...chosen].sort((a, b) => Number(blocks[a]!.gpa! - blocks[b]!.gpa!));
    let at = 0n;
    for (const index of byAddress) {
      if (blocks[index]!.gpa !== at) throw unknown(`the addresses of ${names()} do not follow each other`);
      at += BigInt(blocks[index]!.usedLength);
    }
    return { blocks: byAddress, order: 'the addresses in the block list' };
  }
  const sizes = new Set(chosen.map((index) => blocks[index]!.usedLength));
  // The list is sorted by size; blocks of the same size stay as their backends were made.
  if (sizes.size === 1) return { blocks: chosen, order: 'the order of the block list' };
  const numbered = chosen.map((index) => /^(.*?)(\d+)$/.exec(blocks[index]!.idstr));
  if (numbered.every((match) => match !== null && match[1] === numbered[0]![1]))
    return {
      blocks: [...chosen].sort((a, b) => nodeNumber(blocks[a]!) - nodeNumber(blocks[b]!)),
      order: 'the numbers in the names',
    };
  throw unknown(`nothing tells the order of ${names()}`);
}

function nodeNumber({ idstr }: RamBlockEntry): number {
  return Number(/\d+$/.exec(idstr)![0]);
}

function checked(ram: MainRam, size: number | undefined): MainRam {
  if (size !== undefined && size !== ram.size)
    throw unknown(`the stream says ${size} bytes of memory, its blocks have ${ram.size}`);
  return ram;
}

function unknown(message: string): MigrationStreamError {
  return new MigrationStreamError({ code: 'unsupported', message, hint: MAP_HINT });
}
