// What the rules of devices/ make of captured devices and of bytes made by hand: names, features, addresses, dates, and
// nothing at all of bytes that only pretend.

import { describe, expect, test } from 'vitest';
import { coverageOf, decodeDevice, featureNames, meaningOf } from '../../../src/devices/index.js';
import { DeviceEdit, findNodes, leaves, type DeviceState } from '../../../src/vmstate/index.js';
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
    ['cpu/0.env.xmm_regs[0][3]', ['xmm3']],
    ['cpu/0.env.xmm_regs[1][3]', ['ymm3 (upper half)']],
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
    expect(Math.abs(Date.parse(`${registers!.slice(0, 19)}Z`) - Date.parse(`${seconds!.slice(0, 19)}Z`))).toBeLessThan(
      600_000,
    );
  });

  test('feature bits, of a device and common ones', () => {
    expect(featureNames('virtio-net', 0x1_3000_0020n)).toEqual([
      'VIRTIO_NET_F_MAC',
      'VIRTIO_RING_F_INDIRECT_DESC',
      'VIRTIO_RING_F_EVENT_IDX',
      'VIRTIO_F_VERSION_1',
    ]);
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
    expect(names).toEqual([
      'pci',
      'msix',
      'config_vector',
      'status',
      'isr',
      'queue_sel',
      'guest_features_lo',
      'config_len',
      'config',
      'queue_count',
      'queues',
      'device',
      'virtio/64bit_features',
      'virtio/virtqueues',
      'virtio/extra_state',
    ]);
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

  test.each(['virtio', 'pci config', 'msix state', 'scsi-requests', 'virtio-gpu'])(
    '%s that is none stays opaque, with the reason',
    (type) => {
      for (const fill of [0, 0x05, 0xff]) {
        const state = decodeHex(
          deviceOf(`{"name": "x", "type": "${type}", "size": 40}`),
          fill.toString(16).padStart(2, '0').repeat(40),
        );
        expect([...leaves(state.root)].map((leaf) => [leaf.path, leaf.role, leaf.reason])).toEqual([
          ['x', 'opaque', `does not look like ${type}`],
        ]);
      }
    },
  );
});

test.each([
  [40, 'cursor.pos.y'],
  [64, 'fb.offset'],
])('virtio-gpu with outputs of %i bytes', (size, last) => {
  const hex = `00000000 00000001 00000002 ${'00000007'.repeat((size * 2) / 4)}`;
  const state = decodeHex(deviceOf(`{"name": "v", "type": "virtio-gpu", "size": ${12 + 2 * size}}`), hex);
  expect(show(state).at(-1)).toBe(`v.scanout[1].${last}=7`);
});

describe('arrays of bytes', () => {
  const edited = (
    states: readonly DeviceState[],
    device: string,
    values: Readonly<Record<string, number>>,
  ): DeviceState[] => {
    const edit = new DeviceEdit(states.find((state) => state.device.name === device)!);
    for (const [path, value] of Object.entries(values)) edit.set(path, value);
    const { device: schema, bytes } = edit.apply();
    return [decodeDevice(schema, bytes)];
  };

  test('a ring says what is queued, over its end', () => {
    expect(said(q35, 'ps2kbd.parent_obj.queue.data')).toEqual(['queue: empty']);
    const queue = 'parent_obj.queue.';
    const after = edited(q35, 'ps2kbd', {
      [`${queue}rptr`]: 254,
      [`${queue}wptr`]: 1,
      [`${queue}count`]: 3,
      [`${queue}data[254]`]: 0xfa,
      [`${queue}data[0]`]: 0x1c,
    });
    expect(said(after, `ps2kbd.${queue}data`)).toEqual(['queue: 3 queued: fa 00 1c']);
    expect([253, 254, 255, 0, 1].map((index) => said(after, `ps2kbd.${queue}data[${index}]`)[0])).toEqual([
      'free',
      'number 1 of 3',
      'number 2 of 3',
      'number 3 of 3',
      'free',
    ]);
  });

  test('numbers that make no sense are not believed', () => {
    for (const count of [-1, 257, 0x7fffffff]) {
      expect(said(edited(q35, 'ps2kbd', { 'parent_obj.queue.count': count }), 'ps2kbd.parent_obj.queue.data')).toEqual([
        'queue',
      ]);
      expect(said(edited(q35, 'ps2kbd', { 'parent_obj.queue.rptr': count }), 'ps2kbd.parent_obj.queue.data')).toEqual([
        'queue: empty',
      ]);
    }
  });

  test.each([
    ['hda-audio.st[0].hda-audio-stream/buffer.buf', 'samples: 16 bit, 2 channels, 48000 Hz; empty'],
    ['hda-audio.st[0].hda-audio-stream/buffer.buf[7]', 'frame 1, channel 1, byte 1; free'],
    ['*/ICH9LPC.chip_config[12608]', 'D31IR, byte 0'],
    ['*/ICH9LPC.pm.acpi_regs.gpe.en[1]', 'GPE 8 to 15'],
    ['*/usb-ptr.dev.setup_buf[1]', 'bRequest'],
    ['vmgenid.vmgenid_addr_le', 'address: 0x0'],
    ['mc146818rtc.cmos_data.nvram[7]', 'CMOS 0x15: base memory (KiB), byte 0'],
    ['mc146818rtc.cmos_data.nvram_2[5]', 'CMOS 0x38: third boot device, floppy signature check'],
  ])('%s', (path, expected) => {
    expect(said(q35, path)).toEqual([expected]);
  });

  test('a packet as far as it has come', () => {
    const state = decodeHex(
      deviceOf(
        '{"name": "tx.size", "type": "uint16", "size": 2},{"name": "tx.data", "type": "buffer", "size": 16}',
        '',
        'e1000',
      ),
      `000d ${'5254'.repeat(8)}`,
    );
    expect(said([state], 'e1000.tx.data')).toEqual([
      'packet to send: 13 bytes: 52 54 52 54 52 54 52 54 52 54 52 54 52',
    ]);
    expect([0, 6, 12, 13].map((index) => said([state], `e1000.tx.data[${index}]`)[0])).toEqual([
      'destination, byte 0',
      'source, byte 0',
      'type, byte 0',
      'free',
    ]);
    expect(coverageOf(state).opaque).toBe(0);
  });

  test('what a guest put into memory can be named, and counts as opaque', () => {
    const state = decodeHex(deviceOf('{"name": "script_ram", "type": "buffer", "size": 4}', '', 'lsiscsi'), '00010203');
    expect([...leaves(state.root)].map((leaf) => [leaf.path, leaf.role])).toEqual(
      [0, 1, 2, 3].map((index) => [`script_ram[${index}]`, 'opaque']),
    );
    expect(coverageOf(state)).toMatchObject({ total: 4, opaque: 4 });
  });

  test('bytes that are only numbered count as opaque', () => {
    const numbered = coverageOf(
      decodeHex(deviceOf('{"name": "a", "array_len": 3, "type": "uint8", "size": 1}'), '000000'),
    );
    expect(numbered).toMatchObject({ opaque: 3, gaps: [] });
    expect(numbered.numbered.map((node) => node.fullPath)).toEqual(['dev.a']);
  });
});
