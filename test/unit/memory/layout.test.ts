// Guest-physical layouts of captures by real QEMUs, and of streams whose CMOS or block list contradicts itself.
import { describe, expect, test } from 'vitest';
import { inflate } from '../../../src/bytes/node/inflate.js';
import { memorySource } from '../../../src/bytes/source.js';
import { physicalMap, type MapEntry } from '../../../src/memory/layout.js';
import { overlay, rangeIndex, type PhysicalRange } from '../../../src/memory/physical-map.js';
import { mainRam } from '../../../src/memory/ram-blocks.js';
import { openGuest, type Guest } from '../../../src/ops/guest/guest.js';
import { findInDevice } from '../../../src/vmstate/index.js';
import { fixtureBytes } from '../../support/fixtures.js';

const guest = (name: string): Promise<Guest> => openGuest(memorySource(fixtureBytes(name)), { inflate });

async function shown(name: string, entries?: readonly MapEntry[]): Promise<readonly [string, string[]]> {
  const { memory, machine, devices } = await guest(name);
  const { how, ranges } = physicalMap({ machine, devices, blocks: memory.blocks }, entries);
  const hex = (value: number): string => value.toString(16);
  return [
    how,
    ranges.map(
      ({ start, end, block, offset }) => `${hex(start)}-${hex(end)} ${memory.blocks[block]!.idstr}+${hex(offset)}`,
    ),
  ];
}

const roms = ['c0000-e0000 pc.rom+0', 'e0000-f0000 RAM+e0000', 'f0000-100000 pc.bios+0'];
const pc = (ram: string): string[] =>
  ['0-c0000 RAM+0', ...roms, '100000-200000 RAM+100000', 'ffff0000-100000000 pc.bios+0'].map((text) =>
    text.replace('RAM', ram),
  );

test.each([
  ['5.2.0-plain', 'CMOS (mc146818rtc)', pc('pc.ram')],
  ['11.1.3-ignore-shared', 'CMOS (mc146818rtc)', pc('mem0')],
  ['10.0.13-q35-devices', 'CMOS (mc146818rtc)', pc('pc.ram')],
  ['4.0.0-ignore-shared', 'CMOS (mc146818rtc)', pc('mem0')],
  ['10.0.13-aarch64-virt', 'the machine type virt-10.0', ['40000000-40200000 mach-virt.ram+0']],
  [
    '11.1.3-riscv64-virt',
    'the machine type virt',
    ['1000-10000 riscv_virt_board.mrom+0', '80000000-80400000 riscv_virt_board.ram+0'],
  ],
  ['7.2.22-ppc64-pseries', 'the machine type pseries-7.2', ['0-10000000 ppc_spapr.ram+0']],
])('%s', async (name, how, ranges) => {
  expect(await shown(name)).toEqual([how, ranges]);
});

test('nodes follow each other by the addresses of the block list', async () => {
  const [how, ranges] = await shown('10.0.13-ignore-shared-2nodes');
  expect(how).toBe('CMOS (mc146818rtc); nodes by the addresses in the block list');
  expect(ranges.slice(-3)).toEqual([
    '100000-200000 mem0+100000',
    '200000-400000 mem1+0',
    'ffff0000-100000000 pc.bios+0',
  ]);
});

test('nodes of different sizes without addresses or numbers are refused', () => {
  const block = (idstr: string, usedLength: number): { idstr: string; usedLength: number } => ({ idstr, usedLength });
  const order = (...blocks: ReturnType<typeof block>[]): readonly number[] => mainRam(blocks, undefined).blocks;
  expect(order(block('b', 4096), block('a', 4096))).toEqual([0, 1]);
  expect(order(block('ram-node1', 8192), block('ram-node0', 4096), block('pc.bios', 4096))).toEqual([1, 0]);
  expect(() => order(block('big', 8192), block('small', 4096))).toThrow('nothing tells the order');
  expect(() => order(block('pc.bios', 4096))).toThrow('names no memory');
});

describe('what contradicts itself is refused', () => {
  test('CMOS that states another size than the blocks have', async () => {
    const { memory, machine, devices } = await guest('11.1.3-plain');
    const rtc = devices.find(({ device }) => device.name === 'mc146818rtc')!;
    const cmos = findInDevice(rtc, 'cmos_data')[0]!.bytes;
    for (const [at, value] of [
      [0x5b, 1],
      [0x34, 1],
      [0x35, 0xff],
      [0x17, 3],
    ] as const) {
      const before = cmos[at]!;
      cmos[at] = value;
      expect(() => physicalMap({ machine, devices, blocks: memory.blocks })).toThrow(
        expect.objectContaining({ code: 'unsupported', hint: { code: 'memory-map' } }),
      );
      cmos[at] = before;
    }
  });

  const entry = (address: number, block: string, offset = 0, length?: number): MapEntry => ({
    address,
    block,
    offset,
    length,
  });
  test.each([
    [[entry(0, 'pc.ram'), entry(0x1000, 'pc.rom')], 'overlap at 0x1000'],
    [[entry(0, 'nowhere')], 'no block "nowhere"'],
    [[entry(0, 'pc.ram', 0x1000, 0x20_0000)], 'block "pc.ram" has 2097152 bytes'],
    [[entry(0, 'pc.ram', 0x20_1000)], 'block "pc.ram"'],
    [[entry(2 ** 52 - 4096, 'pc.ram')], 'beyond the address space'],
    [[entry(Number.MAX_SAFE_INTEGER, 'pc.ram')], 'beyond the address space'],
  ])('%j', async (entries, message) => {
    await expect(shown('11.1.3-plain', entries)).rejects.toThrow(message);
  });
});

test('a map of the user', async () => {
  const map = [
    { address: 0x1000, block: 'pc.ram', offset: 0x1000, length: 0x1000 },
    { address: 0, block: 'pc.ram', offset: 0, length: 0x1000 },
    { address: 0x10000, block: 'pc.bios', offset: 0, length: undefined },
  ];
  expect(await shown('11.1.3-plain', map)).toEqual(['the given map', ['0-2000 pc.ram+0', '10000-20000 pc.bios+0']]);
});

test('overlays and searches', () => {
  const range = (start: number, end: number, block: number): PhysicalRange => ({ start, end, block, offset: start });
  const ranges = overlay([range(0, 100, 0), range(200, 300, 0)], [range(50, 60, 1), range(90, 210, 2)]);
  expect(ranges.map(({ start, end, block }) => [start, end, block])).toEqual([
    [0, 50, 0],
    [50, 60, 1],
    [60, 90, 0],
    [90, 210, 2],
    [210, 300, 0],
  ]);
  expect(ranges.every(({ start, offset }) => start === offset)).toBe(true);
  expect([0, 49, 50, 299, 300].map((address) => rangeIndex(ranges, address))).toEqual([0, 0, 1, 4, 5]);
});
