// Cures for devices that differ, done to the letter: a real QEMU refuses, explain names the cure out of its words, the
// option that stands in the cure is given to the destination, and the same QEMU loads. Imports support.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { explain } from '../../src/ops/explain/explain.js';
import { cureText } from '../../src/report/hints.js';
import { load, pc, save, skip } from './support/loads.js';

if (skip !== undefined) test.skip(`cures for devices: ${skip}`);

interface Side {
  readonly release: string;
  readonly machine: string;
  readonly devices: readonly string[];
}

interface Case {
  readonly name: string;
  readonly source: Side;
  readonly destination: Side;
  /** What the cure says, in the words of the row. */
  readonly cure: RegExp;
  /** The devices of the destination, as the cure asks. */
  readonly cured: readonly string[];
}

const port = (options = ''): string[] => ['-device', `pcie-root-port,id=rp0,chassis=1,slot=1${options}`];
const network = ['-netdev', 'hubport,id=n0,hubid=0'];
const rng = (options: string): string[] => ['-device', `virtio-rng-pci,${options}`];
const card = (options: string): string[] => [...network, '-device', `virtio-net-pci,romfile=,netdev=n0,${options}`];
const e1000e = (options = ''): string[] => [
  ...port(),
  ...network,
  '-device',
  `e1000e,romfile=,bus=rp0,netdev=n0${options}`,
];
const disk = (options = ''): string[] => [
  ...['-blockdev', 'driver=null-co,node-name=disk0,size=1048576,read-zeroes=on'],
  ...['-device', `virtio-blk-pci,drive=disk0${options}`],
];

/** Both sides are one QEMU; only the devices differ. */
const on72 = (
  machine: string,
  source: readonly string[],
  destination: readonly string[],
): Omit<Case, 'name' | 'cure'> => ({
  source: { release: '7.2', machine, devices: source },
  destination: { release: '7.2', machine, devices: destination },
  cured: source,
});

const cases: readonly Case[] = [
  {
    name: 'modern here, transitional at the source',
    cure: /^disable-legacy=off of that device/,
    ...on72('pc', rng('disable-legacy=off'), rng('disable-legacy=on')),
  },
  {
    name: 'transitional here, modern at the source',
    cure: /^disable-legacy=on of that device/,
    ...on72('pc', rng('disable-legacy=on'), rng('disable-legacy=off')),
  },
  {
    name: 'no MSI-X at the source',
    cure: /virtio-rng-pci,vectors=0/,
    ...on72('pc', rng('vectors=0'), rng('vectors=2')),
  },
  {
    name: 'fewer vectors at the source',
    cure: /virtio-net-pci,vectors=3/,
    ...on72('pc', card('vectors=3'), card('vectors=4')),
  },
  {
    name: 'another card of the same driver',
    cure: /^the same devices at the same addresses/,
    ...on72(
      'pc',
      [...network, '-device', 'e1000,romfile=,netdev=n0'],
      [...network, '-device', 'e1000-82544gc,romfile=,netdev=n0'],
    ),
  },
  {
    name: 'a card in a port that was empty',
    cure: /^at the destination the same devices behind that port/,
    ...on72('pc-q35-6.0', port(), e1000e()),
  },
  {
    name: 'another speed of a port',
    cure: /^start the destination with the same -machine/,
    ...on72('q35', port(), port(',x-speed=2_5')),
  },
  {
    name: 'no ACS at the source',
    cure: /root port from 4\.0 or older disable-acs=on/,
    ...on72('q35', port(',disable-acs=on'), port()),
  },
  {
    name: 'the mask of AER',
    cure: /^x-pcie-err-unc-mask=off of that device/,
    source: { release: '10.0', machine: 'pc-q35-7.2', devices: e1000e(',x-pcie-err-unc-mask=on') },
    destination: { release: '10.0', machine: 'pc-q35-7.2', devices: e1000e() },
    cured: e1000e(',x-pcie-err-unc-mask=on'),
  },
  {
    name: 'rings of 1024',
    cure: /^queue-size=1024 of that device/,
    source: { release: '10.0', machine: 'pc-i440fx-10.0', devices: disk(',queue-size=1024') },
    destination: { release: '11.1', machine: 'pc-i440fx-10.0', devices: disk() },
    cured: disk(',queue-size=1024'),
  },
];

const argvOf = ({ machine, devices }: Omit<Side, 'release'>): string[] => pc(machine, ...devices);

describe.skipIf(skip !== undefined)('a cure for a device, done to the letter', () => {
  test.each(cases)('$name', async ({ source, destination, cure, cured }) => {
    const stream = Uint8Array.from(readFileSync(await save(source.release, argvOf(source))));
    const { release } = destination;
    const refused = await load({ release, argv: argvOf(destination), stream });
    expect(refused.loaded, refused.words).toBe(false);
    const said = explain(refused.words);
    const cures = said.flatMap((one) => [...one.cures.map(cureText), ...one.bugs.map((bug) => cureText(bug.cure))]);
    expect(
      cures.filter((one) => cure.test(one)),
      `${refused.words}\n${cures.join('\n')}`,
    ).not.toEqual([]);
    const argv = argvOf({ ...destination, devices: cured });
    expect(await load({ release, argv, stream })).toMatchObject({ loaded: true, ran: true });
  });
});
