// The guest-physical layout of a stream: the layout of its machine type, or a map that the caller gives.

import { MigrationStreamError } from '../base/errors.js';
import { quote } from '../base/quote.js';
import type { LayoutFacts } from './layout-facts.js';
import { GIB } from './layout-facts.js';
import { joinRanges, MAP_HINT, type PhysicalMap, type PhysicalRange } from './physical-map.js';
import { mainRam } from './ram-blocks.js';
import { deviceNamed } from './registers.js';
import { x86Layout } from './x86-layout.js';
import { architectureOfStates } from './architecture.js';

/**
 * Where memory begins, and ROMs that a dump has too. QEMU: base_memmap, hw/arm/virt.c; virt_memmap, hw/riscv/virt.c.
 */
const bases = {
  arm: { machine: /^virt(-|$)/, base: GIB, roms: [] },
  riscv: { machine: /^virt$/, base: 2 * GIB, roms: [['riscv_virt_board.mrom', 0x1000]] },
  ppc: { machine: /^pseries(-|$)/, base: 0, roms: [] },
  s390x: { machine: /^s390-ccw-virtio(-|$)/, base: 0, roms: [] },
} as const;

/** One range of `--memory-map`. Bytes; `length` undefined: to the end of the block. */
export interface MapEntry {
  readonly address: number;
  readonly block: string;
  readonly offset: number;
  readonly length: number | undefined;
}

/**
 * @throws MigrationStreamError `unsupported`: nothing tells the addresses, or what tells them contradicts the blocks
 */
export function physicalMap(facts: LayoutFacts, entries: readonly MapEntry[] = []): PhysicalMap {
  const { ranges, how } = entries.length > 0 ? givenLayout(facts, entries) : machineLayout(facts);
  return { ranges: joinRanges(ranges, facts.blocks), how };
}

function givenLayout({ blocks }: LayoutFacts, entries: readonly MapEntry[]): PhysicalMap {
  const ranges = entries.map(({ address, block: name, offset, length }): PhysicalRange => {
    const block = blocks.findIndex(({ idstr }) => idstr === name);
    if (block < 0) throw unsupported(`the stream has no block ${quote(name)}`);
    return { start: address, end: address + (length ?? blocks[block]!.usedLength - offset), block, offset };
  });
  return { ranges, how: 'the given map' };
}

function machineLayout(facts: LayoutFacts): PhysicalMap {
  const { machine, blocks, devices } = facts;
  const architecture = architectureOfStates(machine, devices);
  if (architecture === 'x86' || deviceNamed(devices, 'mc146818rtc') !== undefined) return x86Layout(facts);
  const known = architecture === undefined || architecture === 'm68k' ? undefined : bases[architecture];
  if (known === undefined || (machine !== undefined && !known.machine.test(machine)))
    throw unsupported(
      machine === undefined
        ? 'the stream names no machine type'
        : `nothing is known of where machine type ${quote(machine)} has its memory`,
    );
  const ram = mainRam(blocks, undefined);
  const ranges: PhysicalRange[] = [];
  let at: number = known.base;
  for (const block of ram.blocks) {
    const end = at + blocks[block]!.usedLength;
    ranges.push({ start: at, end, block, offset: 0 });
    at = end;
  }
  for (const [name, start] of known.roms) {
    const block = blocks.findIndex(({ idstr }) => idstr === name);
    if (block >= 0) ranges.push({ start, end: start + blocks[block]!.usedLength, block, offset: 0 });
  }
  const order = ram.order === undefined ? '' : `; nodes by ${ram.order}`;
  return { ranges, how: `the machine type${machine === undefined ? '' : ` ${machine}`}${order}` };
}

function unsupported(message: string): MigrationStreamError {
  return new MigrationStreamError({ code: 'unsupported', message, hint: MAP_HINT });
}
