// PCI configuration space: capability lists that are long, circular or cut, registers of known and unknown chips, and
// what QEMU's own captures say about the lengths of capabilities.

import { describe, expect, test } from 'vitest';
import { meaningOf } from '../../../src/devices/index.js';
import { checkedBits } from '../../../src/devices/pci/checked.js';
import { viewOf } from '../../../src/devices/pci/space.js';
import { capabilitiesOf, findCapability } from '../../../src/devices/pci/walk.js';
import { findNodes, leaves, type DeviceState } from '../../../src/vmstate/index.js';
import { decodeHex, deviceOf, show } from '../../support/vmstate-build.js';

function said(states: readonly DeviceState[], pattern: string): string[] {
  return findNodes(states, pattern).map((node) => {
    const meaning = meaningOf(node);
    return [meaning?.label, meaning?.text].filter((part) => part !== undefined).join(': ');
  });
}

/** A configuration space with these bytes, and zeros elsewhere. */
function space(bytes: Readonly<Record<number, number>>, size = 256): Uint8Array {
  const all = new Uint8Array(size);
  for (const [at, value] of Object.entries(bytes)) all[Number(at)] = value;
  return all;
}

/** A device with nothing but this configuration space. */
function config(bytes: Readonly<Record<number, number>>, size = 256): DeviceState {
  const device = deviceOf(`{"name": "c", "type": "pci config", "size": ${size}}`);
  return decodeHex(device, Buffer.from(space(bytes, size)).toString('hex'));
}

/** What stands behind the header. */
function names(state: DeviceState): string[] {
  const [node] = state.root.children();
  return node === undefined || node.kind === 'leaf' ? [] : [...node.children()].map((child) => child.name).slice(21);
}

/** A list of capabilities [offset, id, further bytes]. */
function listed(...capabilities: readonly (readonly [number, number, ...number[]])[]): Record<number, number> {
  const bytes: Record<number, number> = { 6: 0x10, 0x34: capabilities[0]![0] };
  for (const [i, [at, id, ...rest]] of capabilities.entries())
    [id, capabilities[i + 1]?.[0] ?? 0, ...rest].forEach((byte, offset) => (bytes[at + offset] = byte));
  return bytes;
}

describe('the walk of capabilities', () => {
  test('five of one kind have five names and five keys', () => {
    const vendors = [0x40, 0x48, 0x50, 0x58, 0x60].map((at) => [at, 0x09, 8] as const);
    const found = capabilitiesOf(viewOf(space(listed(...vendors))));
    expect(found.map(({ at, name, size }) => [at, name, size])).toEqual([
      [0x40, 'vendor', 8],
      [0x48, 'vendor_2', 8],
      [0x50, 'vendor_3', 8],
      [0x58, 'vendor_4', 8],
      [0x60, 'vendor_5', 8],
    ]);
    expect(new Set(found.map(({ key }) => key)).size).toBe(5);
    expect(names(config(listed(...vendors)))).toEqual([
      'vendor',
      'vendor_2',
      'vendor_3',
      'vendor_4',
      'vendor_5',
      'at_68',
    ]);
  });

  test('the low two bits of every link are ignored', () => {
    const bytes = { 6: 0x10, 0x34: 0x43, 0x40: 0x01, 0x41: 0x4a, 0x48: 0x11, 0x4a: 3 };
    expect(capabilitiesOf(viewOf(space(bytes))).map(({ at, name }) => [at, name])).toEqual([
      [0x40, 'pm'],
      [0x48, 'msix'],
    ]);
    expect(findCapability(viewOf(space(bytes)), 0x11)?.at).toBe(0x48);
  });

  test('ends where a list returns, points into the header or has no bit in the status', () => {
    expect(capabilitiesOf(viewOf(space({ 6: 0x10, 0x34: 0x50, 0x50: 1, 0x51: 0x50 })))).toHaveLength(1);
    expect(capabilitiesOf(viewOf(space({ 6: 0x10, 0x34: 0x3c })))).toEqual([]);
    expect(capabilitiesOf(viewOf(space({ 6: 0, 0x34: 0x50, 0x50: 1 })))).toEqual([]);
    expect(capabilitiesOf(viewOf(new Uint8Array(0x40)))).toEqual([]);
    const all = new Uint8Array(0x1000).fill(0xff);
    expect(capabilitiesOf(viewOf(all)).length).toBeLessThan(48 + 960);
  });

  test('a capability at the last place is known, though it runs past the end', () => {
    expect(capabilitiesOf(viewOf(space(listed([0xfc, 0x05]))))).toMatchObject([{ at: 0xfc, name: 'msi', size: 10 }]);
  });
});

describe('what QEMU compares', () => {
  const slotId = listed([0x40, 0x04, 0x20, 7]);

  test('all four bytes of a slot id but the chassis number, which is written', () => {
    const { cmask, wmask, unsure } = checkedBits(space(slotId), undefined, true);
    expect([...cmask.subarray(0x40, 0x45)]).toEqual([0xff, 0xff, 0xff, 0xff, 0]);
    expect([...wmask.subarray(0x40, 0x45)]).toEqual([0, 0, 0, 0xff, 0xff]);
    expect(unsure.size).toBe(0);
  });

  test('the head of a capability that nobody knows, and that is a guess', () => {
    const { cmask, unsure } = checkedBits(space(listed([0x40, 0x77])), undefined, true);
    expect([...cmask.subarray(0x40, 0x44)]).toEqual([0xff, 0xff, 0, 0]);
    expect([...unsure]).toEqual([0x40]);
  });

  test.each([
    [0x0000, 10, [0, 0, 0x71, 0, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff]],
    [0x0100, 20, [0x71, 0, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x01, 0, 0, 0, 0, 0, 0, 0]],
    [0x018a, 24, undefined],
  ])('of MSI with the control word %i what the guest leaves alone', (control, size, tail) => {
    const bytes = space(listed([0x40, 0x05, control & 0xff, control >> 8]));
    const { cmask, wmask } = checkedBits(bytes, undefined, true);
    expect(cmask[0x40 + size - 1]).toBe(0xff);
    expect(cmask[0x40 + size]).toBe(0);
    if (tail !== undefined) expect([...wmask.subarray(0x40 + size - tail.length, 0x40 + size)]).toEqual(tail);
    else expect([...wmask.subarray(0x40 + 16, 0x40 + 24)]).toEqual([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
  });
});

describe('PCI configuration space', () => {
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

  test('registers of a chip that nobody knows are opaque, 0 or not', () => {
    const roles = [...leaves(config({ 0x44: 1 }).root)]
      .filter((leaf) => leaf.path.startsWith('c.at_40['))
      .map((leaf) => leaf.role);
    expect(new Set(roles)).toEqual(new Set(['opaque']));
  });

  test('registers of a known chip by name; what it reserves is understood while it is 0', () => {
    const state = config({ 0: 0x86, 1: 0x80, 2: 0x00, 3: 0x70, 0x60: 0x0b, 0x61: 0x80, 0x69: 2, 0xf4: 1 });
    expect(said([state], 'dev.c.pirq_route*')).toEqual(['interrupt routing']);
    expect(said([state], 'dev.c.pirq_route[*]')).toEqual([
      'PIRQA: IRQ 11',
      'PIRQB: not routed',
      'PIRQC: IRQ 0',
      'PIRQD: IRQ 0',
    ]);
    expect(show(state)).toContain('c.tom=2');
    const reserved = [...leaves(state.root)].filter((leaf) => leaf.path.startsWith('c.at_b0['));
    expect(reserved.map((leaf) => [leaf.role, leaf.reason]).slice(16, 19)).toEqual([
      ['unused', 'reserved in this device'],
      ['opaque', 'reserved in this device'],
      ['unused', 'reserved in this device'],
    ]);
  });

  test('hot-plug: a slot id, and the controller’s registers with a word for each slot', () => {
    expect(names(config({ 6: 0x10, 0x34: 0x48, 0x48: 0x04, 0x49: 0x4c, 0x4b: 2, 0x4c: 0x0c }))).toEqual([
      'at_40',
      'slot_id',
      'shpc',
      'at_54',
    ]);
    const registers = (slots: number): DeviceState =>
      decodeHex(
        deviceOf('{"name": "s", "type": "shpc", "size": 44}'),
        `${'00'.repeat(12)}${slots.toString(16).padStart(2, '0')}${'00'.repeat(23)}${'01000000'.repeat(2)}`,
      );
    expect(show(registers(2)).slice(-2)).toEqual(['s.slot[0]=1', 's.slot[1]=1']);
    expect(show(registers(3))).toEqual([expect.stringMatching(/^s\?/)]);
  });

  test('a log of TLP prefixes only where the next capability leaves room for it', () => {
    const extended = (at: number, id: number, next: number): Record<number, number> => ({
      [at]: id,
      [at + 2]: 1 | ((next & 0xf) << 4),
      [at + 3]: next >> 4,
    });
    const of = (second: number): string[] =>
      names(config({ ...extended(0x100, 1, second), ...extended(second, 3, 0) }, 0x1000));
    expect(of(0x140)).toEqual(['at_40', 'aer', 'at_138', 'serial_number', 'at_14c']);
    expect(
      show(config({ ...extended(0x100, 1, 0x148), ...extended(0x148, 3, 0) }, 0x1000)).filter((line) =>
        line.includes('prefix_log'),
      ),
    ).toHaveLength(4);
  });
});
