// Regions of PCI devices as a QEMU shows them, held against a capture's base addresses: what stands where it stood,
// what does not, what lies over what. The answers of query-pci are data here; test/e2e/transplant-command asks a real
// one.
import { beforeAll, describe, expect, test } from 'vitest';
import type { Edit } from '../../../../src/ops/rewrite/edit.js';
import { ROM } from '../../../../src/devices/pci/bars.js';
import { judgeRegions, type JudgedRegions, type PciRegion } from '../../../../src/ops/transplant/pci/pci-regions.js';
import { regionsOf } from '../../../../src/qemu/ask/query-pci.js';
import { visitLeaves, type DeviceState } from '../../../../src/vmstate/index.js';
import { edited } from '../../../support/edits.js';
import { fixtureBytes } from '../../../support/fixtures.js';
import { devicesOf } from '../../../support/vmstate.js';

const capture = fixtureBytes('10.0.13-q35-devices');
const place = '0000:00:01.0:00.0';

/** The capture's network card with these registers. */
async function card(registers: Readonly<Record<string, string>>): Promise<readonly DeviceState[]> {
  const { root } = (await devicesOf(capture))!.states.find(({ device }) => device.name.startsWith(`${place}/`))!;
  let config = '';
  visitLeaves(
    root,
    ({ fullPath }) => void (fullPath.endsWith('.device_id') && (config ||= fullPath.slice(0, -'.device_id'.length))),
  );
  const edits = Object.entries(registers).map(([name, value]): Edit => ({
    edit: 'set',
    path: `${config}.${name}`,
    value,
  }));
  return (await devicesOf((await edited(capture, edits, { force: true })).bytes))!.states;
}

const memory = (bar: number, address: bigint | undefined, size = 0x20000n): PciRegion => ({
  place,
  bar,
  space: 'memory',
  address,
  size,
});
const io = (bar: number, address: bigint | undefined, size = 0x20n): PciRegion => ({
  place,
  bar,
  space: 'io',
  address,
  size,
});

describe('regions against the source’s base addresses', () => {
  const placed = { command: '0x7', 'bar[0]': '0xfeb80000', 'bar[1]': '0xfeba0000', 'bar[2]': '0xc001' };
  let states: readonly DeviceState[];
  beforeAll(async () => void (states = await card(placed)));

  const judged = ({ compared, wrong }: JudgedRegions): unknown => [
    compared,
    ...wrong.map(({ path, before, after }) => [path.slice(path.lastIndexOf('.') + 1), before, after]),
  ];

  test('each in its place', () => {
    expect(
      judged(
        judgeRegions(states, [
          memory(0, 0xfeb80000n),
          memory(1, 0xfeba0000n),
          io(2, 0xc000n),
          memory(3, undefined, 0x4000n),
          memory(ROM, undefined),
        ]),
      ),
    ).toEqual([5]);
  });

  test('behind an expander bridge, whose slot the section’s name has and query-pci has not', async () => {
    const [name] = states.map(({ device }) => device.name).filter((one) => one.startsWith(`${place}/`)) as [string];
    const behind = (
      await edited(capture, [{ edit: 'rename-section', idstr: name, to: name.replace(place, '0000:09:07.0:00.0') }], {
        force: true,
      })
    ).bytes;
    const shown: PciRegion = { ...memory(0, 0xfeb80000n), place: '0000:09:00.0' };
    expect(judged(judgeRegions((await devicesOf(behind))!.states, [shown]))).toEqual([
      1,
      ['bar[0]', 'not mapped', '0xfeb80000'],
    ]);
  });

  test('elsewhere, not mapped, mapped although the source has it off', async () => {
    expect(
      judged(judgeRegions(states, [memory(0, 0xfec00000n), memory(1, undefined), memory(3, 0x1000n, 0x1000n)])),
    ).toEqual([
      3,
      ['bar[0]', '0xfeb80000', '0xfec00000'],
      ['bar[1]', '0xfeba0000', 'not mapped'],
      ['bar[3]', 'not mapped', '0x1000'],
    ]);
    expect(
      judged(judgeRegions(await card({ ...placed, command: '0x5' }), [memory(0, 0xfeb80000n), io(2, 0xc000n)])),
    ).toEqual([2, ['bar[0]', 'not mapped', '0xfeb80000']]);
  });

  test('larger than the source’s, so that its address is not one of it', () => {
    expect(judged(judgeRegions(states, [memory(1, 0xfeb80000n, 0x40000n)]))).toEqual([
      1,
      ['bar[1]', '0xfeba0000', '0xfeb80000'],
    ]);
  });

  test('while the guest asks for a size nothing is mapped, and in another state of power nothing need be', async () => {
    expect(judged(judgeRegions(await card({ ...placed, 'bar[0]': '0xfffe0000' }), [memory(0, undefined)]))).toEqual([
      1,
    ]);
    const asleep = await card({ ...placed, 'pm.control': '0x0003' });
    expect(judged(judgeRegions(asleep, [memory(0, undefined), memory(1, 0xfeba0000n)]))).toEqual([2]);
  });

  test('one over another, whosesoever they are', () => {
    const other: PciRegion = { place: '0000:00:1e.0', bar: 5, space: 'memory', address: 0xfeb9f000n, size: 0x1000n };
    const { wrong } = judgeRegions(states, [
      memory(0, 0xfeb80000n),
      other,
      memory(1, 0xfeba0000n),
      io(2, 0xc000n),
      { ...other, space: 'io', bar: 4, address: 0xc010n, size: 16n },
    ]);
    expect(wrong.map(({ path, before, why }) => [path, before, why])).toEqual([
      [
        '0000:00:1e.0 base address 5',
        '0xfeb9f000 to 0xfeb9ffff',
        `overlaps ${place} base address 0 at the destination`,
      ],
      ['0000:00:1e.0 base address 4', '0xc010 to 0xc01f', `overlaps ${place} base address 2 at the destination`],
    ]);
  });
});

test('query-pci as a list: devices behind bridges have their bridges in front', () => {
  const device = (
    slot: number,
    address: number,
  ): { slot: number; function: number; regions: { bar: number; type: string; address: number; size: number }[] } => ({
    slot,
    function: 2,
    regions: [{ bar: 1, type: 'memory', address, size: 4096 }],
  });
  const bridge = { slot: 1, function: 0, regions: [], pci_bridge: { devices: [device(0, 0xfe000000)] } };
  expect(
    regionsOf([
      { bus: 0, devices: [bridge, device(31, -1)] },
      { bus: 8, devices: [device(0, 0x38_0000_0000)] },
    ]),
  ).toEqual([
    { place: '0000:00:01.0:00.2', bar: 1, space: 'memory', address: 0xfe000000n, size: 4096n },
    { place: '0000:00:1f.2', bar: 1, space: 'memory', address: undefined, size: 4096n },
    { place: '0000:08:00.2', bar: 1, space: 'memory', address: 0x38_0000_0000n, size: 4096n },
  ]);
});
