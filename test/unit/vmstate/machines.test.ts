// What only machines of other architectures have: hand-written devices, arrays whose first pointer is null, virtio
// behind a channel, registers of named types.

import { describe, expect, test } from 'vitest';
import { decodeDevice } from '../../../src/devices/index.js';
import {
  findNodes,
  leaves,
  parseSchema,
  formatSchema,
  type DeviceState,
  type FieldNode,
} from '../../../src/vmstate/index.js';
import { fixtureBytes, fixtureNames } from '../../support/fixtures.js';
import { decodeHex, deviceOf } from '../../support/vmstate-build.js';
import { devicesOf, tilingProblem } from '../../support/vmstate.js';

async function statesOf(version: string, scenario: string): Promise<readonly DeviceState[]> {
  const name = fixtureNames.find((one) => one.startsWith(`${version}.`) && one.endsWith(scenario))!;
  return (await devicesOf(fixtureBytes(name)))!.states;
}

function values(states: readonly DeviceState[], pattern: string): unknown[] {
  return findNodes(states, pattern).map((node: FieldNode) => (node.kind === 'leaf' ? node.value : node.kind));
}

const roles = (state: DeviceState): string[] => [...leaves(state.root)].map((leaf) => `${leaf.path} ${leaf.role}`);

describe('hand-written devices', () => {
  const skeys = (size: number): string =>
    `{"name": "s390-skeys", "instance_id": 0, "size": ${size}, "fields": [{"name": "data", "size": ${size}, "type": "buffer"}]}`;
  const schemaOf = (json: string) => parseSchema(Buffer.from(`{"page_size": 4096, "devices": [${json}]}`));
  const decode = (hex: string): DeviceState =>
    decodeDevice(schemaOf(skeys(hex.length / 2)).devices[0]!, Buffer.from(hex, 'hex'));

  test('are written with the size before the type', () => {
    const text = `{"page_size": 4096, "devices": [${skeys(8)}]}`;
    expect(Buffer.from(formatSchema(parseSchema(Buffer.from(text)))).toString()).toBe(text);
  });

  test('storage keys: runs, and the word that ends them', () => {
    const state = decode(`${'0000000000020002'}${'0000000000000003'}101214${'0000000000000001'}`);
    expect(values([state], 's390-skeys.data.chunk[0].*')).toEqual([0x20002n, 3n, 'array']);
    expect(values([state], 's390-skeys.data.chunk[0].keys[2]')).toEqual([0x14]);
    expect(values([state], 's390-skeys.data.end')).toEqual([1n]);
  });

  test.each([
    ['a count beyond the payload', '0000000000020002ffffffffffffffff101214'],
    ['a run of no keys', '000000000002000200000000000000000000000000000001'],
    ['bytes behind the end', '000000000000000100'],
    ['no end', '00000000000200020000000000000003101214'],
  ])('storage keys: %s stay bytes', (_, hex) => {
    const state = decode(hex);
    expect(roles(state)).toEqual(['data opaque']);
  });

  test('one of another name stays bytes', () => {
    const json = skeys(8).replace('s390-skeys', 'slirp');
    expect(roles(decodeDevice(schemaOf(json).devices[0]!, new Uint8Array(8)))).toEqual(['data opaque']);
  });
});

describe('an array of pointers whose first is null, up to 9.2', () => {
  test('the image behind the nulls is found, in 7.2 as in 10.0', async () => {
    for (const version of ['7.2', '10.0', '11.1']) {
      const states = await statesOf(version, 's390x-ccw');
      expect(values(states, 's390_css.css[253]')).toEqual([null]);
      expect(values(states, 's390_css.css[255]')).toEqual([null]);
      expect(values(states, 's390_css.default_cssid')).toEqual([0xfe]);
      // The path that virtual devices are behind.
      expect(values(states, 's390_css.css[254].chpids[0].*').slice(-3)).toEqual([1, 0x32, 1]);
    }
  });

  test('an array that nobody knows better than the description is left alone', () => {
    const state = decodeHex(
      deviceOf('{"name": "a", "array_len": 2, "type": "struct", "struct": {}, "size": 1}'),
      '30010203',
    );
    expect(roles(state)).toEqual(['a[0] field', 'a[1] field', '@rest opaque']);
  });

  test('fewer bytes than the elements need: the description is followed', () => {
    const device = deviceOf('{"name": "css", "array_len": 3, "type": "struct", "struct": {}, "size": 1}');
    const css = { ...device, vmsd: { ...device.vmsd, name: 's390_css' } };
    for (const bytes of [Buffer.from('303030', 'hex'), Buffer.from('30013030', 'hex')]) {
      const state = decodeDevice(css, bytes);
      expect(tilingProblem(state, leaves(state.root))).toBeUndefined();
      expect(roles(state).slice(0, 3)).toEqual(['css[0] field', 'css[1] field', 'css[2] field']);
    }
  });
});

describe('virtio behind a channel', () => {
  test('its subchannel, and the device behind it', async () => {
    const states = await statesOf('11.1', 's390x-ccw');
    expect(values(states, '*/virtio-blk.virtio.sch.cssid')).toEqual([0xfe]);
    // Control unit type 0x3832 is virtio, its model the device: 1 a network card, 2 a disk.
    expect(values(states, '*/virtio-*.virtio.sch.id.cu_type')).toEqual([0x3832, 0x3832, 0x3832]);
    expect(values(states, '*/virtio-blk.virtio.sch.id.cu_model')).toEqual([2]);
    expect(values(states, '*/virtio-net.virtio.sch.id.cu_model')).toEqual([1]);
    expect(values(states, '*/virtio-net.virtio.device.mac[5]')).toEqual([0x56]);
    expect(values(states, '*/virtio-rng.virtio.revision')).toEqual([-1]);
  });
});

describe('registers', () => {
  test.each([
    ['aarch64-virt', 'cpu/0.cpsr', [expect.any(Number)]],
    ['aarch64-virt', 'cpu/*.power_state', [false, true]],
    ['ppc64-pseries', 'cpu/0.cpu/slb.env.slb[0].esid', [0n]],
    ['ppc64-pseries', 'cpu/0.cpu/altivec.env.vsr[0][1]', [0n]],
    ['s390x-ccw', 'todclock.data.present', [true]],
  ])('%s %s', async (scenario, pattern, expected) => {
    expect(values(await statesOf('7.2', scenario), pattern)).toEqual(expected);
  });

  test('of the wrong size stay bytes', () => {
    const state = decodeHex(
      deviceOf('{"name": "x", "type": "avr", "size": 8}, {"name": "y", "type": "slbe", "size": 8}'),
      '01'.repeat(16),
    );
    expect(roles(state)).toEqual(['x opaque', 'y opaque']);
  });
});
