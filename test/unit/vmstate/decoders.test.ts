// What the decoders make of captured devices and of bytes made by hand: names, features, addresses, dates, and nothing
// at all of bytes that only pretend.

import { describe, expect, test } from 'vitest';
import { DeviceEdit, decodeDevice, featureNames, findNodes, leaves, meaningOf, type DeviceState } from '../../../src/vmstate/index.js';
import { fixtureBytes, fixtureNames } from '../../support/fixtures.js';
import { decodeHex, deviceOf, show } from '../../support/vmstate-build.js';
import { devicesOf } from '../../support/vmstate.js';

const q35 = await statesOf('7.2', 'q35-devices');
const microvm = await statesOf('7.2', 'microvm');

async function statesOf(version: string, scenario: string): Promise<readonly DeviceState[]> {
  const name = fixtureNames.find((one) => one.startsWith(version) && one.endsWith(scenario));
  return name === undefined ? [] : ((await devicesOf(fixtureBytes(name)))?.states ?? []);
}

function said(states: readonly DeviceState[], pattern: string): string[] {
  return findNodes(states, pattern).map((node) => {
    const meaning = meaningOf(node);
    return [meaning?.label, meaning?.text].filter((part) => part !== undefined).join(': ');
  });
}

describe('names', () => {
  test.each([
    ['cpu/0.env.regs[4]', ['rsp']],
    ['cpu/1.env.regs[15]', ['r15']],
    ['cpu/0.env.segs[1]', ['cs']],
    ['cpu/0.env.eflags', [expect.stringMatching(/^rflags: /)]],
    ['cpu/0.env.cr[0]', [expect.stringMatching(/^cr0: .*ET/)]],
    ['cpu/0.env.lstar', ['LSTAR: MSR 0xc0000082']],
    ['apic/1.apicbase', ['0xfee00000, enabled']],
    ['*/virtio-net.virtio.device.mac', ['MAC: 52:54:00:12:34:57']],
    ['*/e1000e.core.permanent_mac', ['MAC: 52:54:00:12:34:56']],
    ['*/e1000e.core.mac', ['MAC: 52:54:00:12:34:56']],
    ['*/mch.parent_obj.config[0].vendor_id', ['Intel']],
    ['*/mch.parent_obj.config[0].class', ['host bridge']],
    ['*/virtio-net.virtio.pci.config.msix.control', ['4 vectors, off']],
    ['*/virtio-net.virtio.pci.config.bar[4]', ['BAR4: 64-bit memory, prefetchable 0x0']],
    ['*/virtio-net.virtio.pci.config.bar[5]', ['upper half of BAR4'].map((text) => `BAR5: ${text}`)],
    ['globalstate.runstate', ['run state: paused']],
    ['mc146818rtc.cmos_data', [expect.stringMatching(/^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \(as the guest counts\)$/)]],
    ['mc146818rtc.periodic_timer', ['not armed']],
    ['timer.cpu_clock_offset', [expect.stringMatching(/^\d+\.\d+ s$/)]],
  ])('%s', (pattern, expected) => {
    expect(said(q35, pattern)).toEqual(expected);
  });

  test('the clock counts on from the registers', () => {
    const [registers] = said(q35, 'mc146818rtc.cmos_data');
    const [seconds] = said(q35, 'mc146818rtc.base_rtc');
    expect(Math.abs(Date.parse(`${registers!.slice(0, 19)}Z`) - Date.parse(`${seconds!.slice(0, 19)}Z`))).toBeLessThan(600_000);
  });

  test('feature bits, of a device and common ones', () => {
    expect(featureNames('virtio-net', 0x1_3000_0020n)).toEqual(['VIRTIO_NET_F_MAC', 'VIRTIO_RING_F_INDIRECT_DESC', 'VIRTIO_RING_F_EVENT_IDX', 'VIRTIO_F_VERSION_1']);
    expect(featureNames('virtio-blk', 1n << 13n)).toEqual(['VIRTIO_BLK_F_DISCARD']);
    expect(featureNames('no such device', (1n << 5n) | (1n << 99n))).toEqual(['bit 5', 'bit 99']);
  });

  test('negotiated features are read by the device that they belong to', () => {
    const net = q35.find((state) => state.device.name.endsWith('/virtio-net'))!;
    const edit = new DeviceEdit(net);
    edit.set('virtio.virtio/64bit_features.guest_features', '0x100000020');
    edit.set('virtio.virtio/extra_state.virtio_pci/modern_state.guest_features[1]', 1);
    edit.set('virtio.status', 0xf);
    const { device, bytes } = edit.apply();
    const after = [decodeDevice(device, bytes)];
    expect(said(after, '*.virtio/64bit_features.guest_features')).toEqual(['VIRTIO_NET_F_MAC, VIRTIO_F_VERSION_1']);
    expect(said(after, '*modern_state.guest_features[1]')).toEqual(['VIRTIO_F_VERSION_1']);
    expect(said(after, '*.virtio.status')).toEqual(['ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK']);
  });
});

describe('virtio', () => {
  test('over PCI and over MMIO, with its own subsections', () => {
    const [net] = findNodes(q35, '*/virtio-net.virtio');
    expect(net?.kind).toBe('decoded');
    const names = net?.kind === 'leaf' ? [] : [...net!.children()].map((child) => child.name);
    expect(names).toEqual(['pci', 'msix', 'config_vector', 'status', 'isr', 'queue_sel', 'guest_features_lo', 'config_len', 'config', 'queue_count', 'queues', 'device', 'virtio/64bit_features', 'virtio/virtqueues', 'virtio/extra_state']);
    const [rng] = findNodes(microvm, '*/virtio-rng.virtio');
    expect(rng?.kind === 'leaf' ? [] : [...rng!.children()].map((child) => child.name)).toEqual([
      'host_features_sel',
      'guest_features_sel',
      'guest_page_shift',
      'status',
      'isr',
      'queue_sel',
      'guest_features_lo',
      'config_len',
      'queue_count',
      'queues',
      'virtio/64bit_features',
    ]);
  });

  test.each(['virtio', 'pci config', 'msix state', 'scsi-requests', 'virtio-gpu'])('%s that is none stays opaque, with the reason', (type) => {
    for (const fill of [0, 0x05, 0xff]) {
      const state = decodeHex(deviceOf(`{"name": "x", "type": "${type}", "size": 40}`), fill.toString(16).padStart(2, '0').repeat(40));
      expect([...leaves(state.root)].map((leaf) => [leaf.path, leaf.role, leaf.reason])).toEqual([['x', 'opaque', `does not look like ${type}`]]);
    }
  });
});

describe('PCI configuration space', () => {
  const config = (bytes: Readonly<Record<number, number>>, size = 256): DeviceState => {
    const all = new Uint8Array(size);
    for (const [at, value] of Object.entries(bytes)) all[Number(at)] = value;
    return decodeHex(deviceOf(`{"name": "c", "type": "pci config", "size": ${size}}`), Buffer.from(all).toString('hex'));
  };
  const names = (state: DeviceState): string[] => [...(state.root.children() as Iterable<{ children(): Iterable<{ name: string }> }>)].flatMap((one) => [...one.children()].map((child) => child.name)).slice(21);

  test('capabilities where the list says, registers between them', () => {
    const state = config({ 6: 0x10, 0x34: 0x50, 0x50: 0x05, 0x51: 0x80, 0x52: 0x80, 0x80: 0x11, 0x81: 0, 0x82: 1 });
    expect(names(state)).toEqual(['at_40', 'msi', 'at_5e', 'at_60', 'msix', 'at_8c']);
    expect(show(state).filter((line) => line.startsWith('c.msi'))).toContain('c.msi.address_upper=0');
  });

  test('a list that runs in a circle, into the header, or over the end', () => {
    for (const [at, next] of [
      [0x50, 0x50],
      [0x50, 0x10],
      [0xf8, 0xfc],
    ] as const) {
      const state = config({ 6: 0x10, 0x34: at, [at]: 0x10, [at + 1]: next });
      expect([...leaves(state.root)].at(-1)?.end).toBe(256);
      expect(findNodes([state], 'dev.c.vendor_id').length).toBe(1);
    }
  });

  test('a word of a register that is 0 says nothing, any other is opaque', () => {
    const roles = [...leaves(config({ 0x44: 1 }).root)].filter((leaf) => leaf.path.startsWith('c.at_40[')).map((leaf) => leaf.role);
    expect(roles.slice(0, 3)).toEqual(['unused', 'opaque', 'unused']);
  });
});
