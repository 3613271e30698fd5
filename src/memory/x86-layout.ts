// Guest-physical layout of pc, q35 and microvm: memory below and above the PCI hole as the firmware's CMOS bytes state
// it, and the ROMs that PCI shows instead of memory. QEMU: pc_cmos_init() and pc_memory_init(), hw/i386/pc.c;
// x86_bios_rom_init(), hw/i386/x86-common.c; init_pam(), hw/pci-host/pam.c.

import type { DeviceState } from '../vmstate/index.js';
import type { RamBlockEntry } from '../wire/ram-block.js';
import { GIB, KIB, MIB, type LayoutFacts } from './layout-facts.js';
import { overlay, within, without, type PhysicalMap, type PhysicalRange } from './physical-map.js';
import { mainRam, type MainRam } from './ram-blocks.js';
import { bytesAt, deviceNamed, pciConfig } from './registers.js';

const ABOVE = 4 * GIB;
/** Where the ROMs below 1 MiB begin, and where each register of the PAM begins. QEMU: PC_ROM_MIN_VGA, hw/i386/pc.h. */
const VGA_MEMORY = 0xa0000;
const ROMS = 0xc0000;

/** @throws MigrationStreamError `unsupported`: what CMOS states is not what the block list has */
export function x86Layout({ machine, blocks, devices }: LayoutFacts): PhysicalMap {
  const cmos = cmosMemory(devices);
  const ram = mainRam(blocks, cmos === undefined ? undefined : cmos.below + cmos.above);
  const below = cmos?.below ?? defaultBelow(machine, ram.size);
  const ranges = stack(ram, blocks, below);
  const order = ram.order === undefined ? '' : `; nodes by ${ram.order}`;
  const how = cmos === undefined ? `the rule of ${machine ?? 'pc'} for this size` : 'CMOS (mc146818rtc)';
  return { ranges: withRoms(ranges, blocks, devices), how: how + order };
}

/** Bytes of memory below and above 4 GiB; undefined without the CMOS clock or before firmware values are there. */
function cmosMemory(devices: readonly DeviceState[]): { readonly below: number; readonly above: number } | undefined {
  const rtc = deviceNamed(devices, 'mc146818rtc');
  const data = rtc && bytesAt(rtc, 'cmos_data', 128);
  if (data === undefined) return undefined;
  const le16 = (at: number): number => data[at]! | (data[at + 1]! << 8);
  const units = le16(0x34);
  const below = units > 0 ? 16 * MIB + units * 64 * KIB : le16(0x17) * KIB + MIB;
  const above = (le16(0x5b) | (data[0x5d]! << 16)) * 64 * KIB;
  return data[0x15] === 0 && data[0x16] === 0 && units === 0 && above === 0 ? undefined : { below, above };
}

/** Without max-ram-below-4g. QEMU: pc_init1, pc_q35_init, microvm_memory_init. */
function defaultBelow(machine: string | undefined, size: number): number {
  if (machine === 'microvm') return Math.min(size, 3 * GIB);
  if (machine !== undefined && /q35/.test(machine)) return size >= 2.75 * GIB ? 2 * GIB : size;
  return size >= 3.5 * GIB ? 3 * GIB : size;
}

function stack(ram: MainRam, blocks: readonly RamBlockEntry[], below: number): PhysicalRange[] {
  const all: PhysicalRange[] = [];
  let at = 0;
  for (const block of ram.blocks) {
    const { usedLength } = blocks[block]!;
    all.push({ start: at, end: at + usedLength, block, offset: 0 });
    at += usedLength;
  }
  const high = within(all, below, at).map((range) => ({
    ...range,
    start: range.start - below + ABOVE,
    end: range.end - below + ABOVE,
  }));
  return [...without(all, below, at), ...high];
}

/** What the memory map shows in front of memory: firmware at its two places, option ROMs, the window of VGA. */
function withRoms(
  ram: readonly PhysicalRange[],
  blocks: readonly RamBlockEntry[],
  devices: readonly DeviceState[],
): PhysicalRange[] {
  const roms: PhysicalRange[] = [];
  const place = (name: string, start: number, length: number, offset = 0): void => {
    const block = blocks.findIndex(({ idstr }) => idstr === name);
    if (block >= 0) roms.push({ start, end: start + length, block, offset });
  };
  const sizeOf = (name: string): number => blocks.find(({ idstr }) => idstr === name)?.usedLength ?? 0;
  const bios = sizeOf('pc.bios');
  const isa = Math.min(bios, 128 * KIB);
  place('pc.rom', ROMS, sizeOf('pc.rom'));
  place('pc.bios', MIB - isa, isa, bios - isa);
  // A copy of the end of the firmware in flash.
  place('isa-bios', MIB - sizeOf('isa-bios'), sizeOf('isa-bios'));
  const shown = pamShowsPci(devices).flatMap(([start, end]) => within(roms, start, end));
  const low = overlay(ram, shown);
  const hasVga = blocks.some(({ idstr }) => /vga\.vram$|\.vgavram$/.test(idstr));
  const firmware = roms.length;
  place('pc.bios', ABOVE - bios, bios);
  return overlay(hasVga ? without(low, VGA_MEMORY, ROMS) : low, roms.slice(firmware));
}

/** Where the chipset's PAM registers send reads to PCI instead of memory; everything without such a chipset. */
function pamShowsPci(devices: readonly DeviceState[]): readonly (readonly [number, number])[] {
  const all = [[ROMS, MIB]] as const;
  const [chipset, first] = [
    [deviceNamed(devices, 'I440FX'), 0x59],
    [deviceNamed(devices, 'mch'), 0x90],
  ].find((row): row is [DeviceState, number] => row[0] !== undefined) ?? [undefined, 0];
  const config = chipset && pciConfig(chipset);
  if (config === undefined) return all;
  // The first register's high half is for 0xf0000 to 0xfffff, then each half is for 16 KiB. Bit 0 of a half: read
  // memory.
  const shown: [number, number][] = [];
  if ((config[first]! & 0x10) === 0) shown.push([0xf0000, MIB]);
  for (let i = 0; i < 12; i += 1) {
    const half = config[first + 1 + (i >> 1)]! >> (4 * (i & 1));
    if ((half & 1) === 0) shown.push([ROMS + i * 16 * KIB, ROMS + (i + 1) * 16 * KIB]);
  }
  return shown;
}
