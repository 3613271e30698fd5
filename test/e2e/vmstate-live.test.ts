// Device state against the QEMU that wrote it: a guest stopped behind SeaBIOS is asked for its registers, PCI devices,
// network addresses, clock and virtio status, and saved; the save must say the same. Then the save is edited by
// `mstream rewrite`, and the QEMU that loads it must show the new values.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LabQemu } from '../../src/qemu/lab.js';
import { withMachine, type Machine } from '../../src/qemu/machine.js';
import { migrateFrom, migrateToFile, setCapabilities } from '../../src/qemu/migrate.js';
import { coverageOf, meaningOf } from '../../src/devices/index.js';
import { findNodes, type Branch, type DeviceState, type FieldNode } from '../../src/vmstate/index.js';
import { mstream } from '../support/fake-host.js';
import { devicesOf } from '../support/vmstate.js';
import { biosMachines, macs, readPciConfig, readPort, withBiosGuest, writePort } from './support/bios-guest.js';
import { parsePci, parseRegisters, registerPaths, type PciFunction } from './support/monitor-text.js';
import { onEveryQemu } from './support/qemus.js';

const folder = mkdtempSync(join(tmpdir(), 'mstream-live-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The bar for what nobody understands, here with the devices that QEMU adds by itself. */
const MAX_OPAQUE = 0.02;

interface VirtioStatus {
  readonly status: { readonly statuses: readonly string[] };
  readonly 'guest-features': { readonly 'dev-features': readonly string[]; readonly transports: readonly string[] };
  readonly isr: number;
  readonly 'queue-sel': number;
}

interface Clock {
  readonly tm_year: number;
  readonly tm_mon: number;
  readonly tm_mday: number;
  readonly tm_hour: number;
  readonly tm_min: number;
  readonly tm_sec: number;
}

interface Asked {
  readonly registers: string;
  readonly pci: readonly PciFunction[];
  /** Header of configuration space, in the order of `pci`. */
  readonly configs: readonly Buffer[];
  readonly network: string;
  readonly clock: number;
  readonly virtio: VirtioStatus | undefined;
  readonly stream: Uint8Array;
  readonly states: readonly DeviceState[];
}

/** Milliseconds since 1970. */
async function rtcTime(machine: Machine): Promise<number> {
  const time = await machine.execute<Clock>('qom-get', { path: '/machine', property: 'rtc-time' });
  return Date.UTC(1900 + time.tm_year, time.tm_mon, time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec);
}

/**
 * 5.2 does not know x-query-virtio-status; 11.1.3 aborts in it once a disk's features are negotiated (an assertion of
 * visit_start_struct).
 */
function hasVirtioStatus({ wanted }: LabQemu): boolean {
  return wanted === '7.2' || wanted === '10.0';
}

async function ask(qemu: LabQemu, argv: readonly string[]): Promise<Asked> {
  return withBiosGuest(qemu, argv, folder, async (machine) => {
    const pci = parsePci(await machine.hmp('info pci'));
    const configs: Buffer[] = [];
    for (const one of pci) configs.push(await readPciConfig(machine, one, 64));
    const virtio = !hasVirtioStatus(qemu)
      ? undefined
      : await machine.execute<VirtioStatus>('x-query-virtio-status', {
          path: '/machine/peripheral/blk0/virtio-backend',
        });
    const asked = {
      registers: await machine.registers(),
      pci,
      configs,
      network: await machine.hmp('info network'),
      clock: await rtcTime(machine),
      virtio,
    };
    const file = join(folder, `state-${qemu.version}`);
    await migrateToFile(machine, file, { timeoutMs: 60_000 });
    const stream = Uint8Array.from(readFileSync(file));
    rmSync(file);
    return { ...asked, stream, states: (await devicesOf(stream))!.states };
  });
}

function valueAt(states: readonly DeviceState[], path: string): bigint {
  const [node] = findNodes(states, path);
  const value = node?.kind === 'leaf' ? node.value : undefined;
  if (typeof value !== 'bigint' && typeof value !== 'number') throw new Error(`no number at ${path}`);
  return BigInt(value);
}

function said(states: readonly DeviceState[], pattern: string): string[] {
  return findNodes(states, pattern).map((node) => meaningOf(node)?.text ?? '');
}

/** What QEMU prints for a BAR that is switched off. */
const UNMAPPED = (1n << 64n) - 1n;

/** Configuration spaces by `bus/device/function`. */
function configsOf(states: readonly DeviceState[]): Map<string, Branch> {
  const found = new Map<string, Branch>();
  const configIn = (node: FieldNode): Branch | undefined => {
    if (node.kind === 'leaf') return undefined;
    if (node.vmsd?.name === 'pci header' || node.vmsd?.name === 'pci bridge header') return node;
    if (node.kind === 'array' && node.end - node.start > 0x4000) return undefined;
    for (const child of node.children()) {
      const config = configIn(child);
      if (config !== undefined) return config;
    }
    return undefined;
  };
  const buses = new Map([['', 0]]);
  for (const { device, root } of states) {
    const [, path, slot, fn] = /^0000:00((?::[0-9a-f]{2}\.\d)*):([0-9a-f]{2})\.(\d)\//.exec(device.name) ?? [];
    const config = slot === undefined ? undefined : configIn(root);
    const bus = buses.get(path ?? '');
    if (config === undefined || bus === undefined) continue;
    found.set(`${bus}/${Number.parseInt(slot!, 16)}/${fn}`, config);
    if (config.vmsd?.name === 'pci bridge header')
      buses.set(`${path}:${slot}.${fn}`, numberIn(config, 'secondary_bus'));
  }
  return found;
}

function numberIn(config: Branch, name: string, index?: number): number {
  const path = index === undefined ? `${config.fullPath}.${name}` : `${config.fullPath}.${name}[${index}]`;
  return Number(valueAt([config.state], path));
}

/** A BAR in QEMU's words; number 6 is the ROM's. */
function barOf(config: Branch, index: number): { kind: string; address: bigint } {
  if (index === 6) {
    const rom = BigInt(numberIn(config, 'rom_address'));
    return { kind: '32 bit memory', address: (rom & 1n) === 0n ? UNMAPPED : rom & ~0x7ffn };
  }
  const low = BigInt(numberIn(config, 'bar', index));
  if ((low & 1n) === 1n) return { kind: 'I/O', address: low & ~3n };
  const wide = (low & 6n) === 4n;
  const high = wide ? BigInt(numberIn(config, 'bar', index + 1)) << 32n : 0n;
  return {
    kind: `${wide ? 64 : 32} bit ${(low & 8n) === 0n ? '' : 'prefetchable '}memory`,
    address: high | (low & ~0xfn),
  };
}

onEveryQemu('A stopped guest', (qemu) => {
  const asked = new Map<string, Asked>();
  const of = (machine: string): Asked => asked.get(machine)!;

  beforeAll(async () => {
    for (const [name, argv] of Object.entries(biosMachines)) asked.set(name, await ask(qemu, argv));
  });

  test.each(Object.keys(biosMachines))('%s: registers of both CPUs', (machine) => {
    const { registers, states } = of(machine);
    const cpus = parseRegisters(registers);
    expect(cpus).toHaveLength(2);
    for (const [number, cpu] of cpus.entries()) {
      for (const { name, at, path, mask } of registerPaths()) {
        const shown = [name, `E${name}`, `R${name}`].map((one) => cpu.get(one)?.[at]).find((one) => one !== undefined);
        expect(shown, `${name} of CPU ${number}`).toBeDefined();
        const width = BigInt(shown!.length * 4);
        const value = BigInt.asUintN(Number(width), valueAt(states, `cpu/${number}.${path}`)) & (mask ?? -1n);
        expect(`${path} ${value.toString(16)}`).toBe(`${path} ${BigInt(`0x${shown}`).toString(16)}`);
      }
    }
    // SeaBIOS has been in protected mode: these are not only the values of reset.
    expect(new Set(cpus[0]!.get('GDT'))).not.toEqual(new Set(['00000000', '0000ffff']));
  });

  test.each(Object.keys(biosMachines))('%s: PCI devices', (machine) => {
    const { pci, configs, states } = of(machine);
    const ours = configsOf(states);
    expect([...ours.keys()].sort()).toEqual(pci.map((one) => `${one.bus}/${one.device}/${one.function}`).sort());
    let bars = 0;
    for (const [index, one] of pci.entries()) {
      const config = ours.get(`${one.bus}/${one.device}/${one.function}`)!;
      const where = config.fullPath;
      expect([where, numberIn(config, 'vendor_id'), numberIn(config, 'device_id')]).toEqual([
        where,
        one.vendorId,
        one.deviceId,
      ]);
      if (one.irq !== undefined) {
        expect([where, numberIn(config, 'interrupt_line'), said([config.state], `${where}.interrupt_pin`)]).toEqual([
          where,
          one.irq,
          [`INT${one.pin}`],
        ]);
      }
      if (one.secondaryBus !== undefined) expect(numberIn(config, 'secondary_bus')).toBe(one.secondaryBus);
      for (const bar of one.bars) {
        expect({ where, ...barOf(config, bar.index), index: bar.index }).toEqual({ where, ...bar });
        bars += 1;
      }
      // What a guest reads of the header, command and status included.
      expect(`${where} ${Buffer.from(config.bytes.subarray(0, 64)).toString('hex')}`).toBe(
        `${where} ${configs[index]!.toString('hex')}`,
      );
    }
    expect(bars).toBeGreaterThan(10);
  });

  test.each(Object.keys(biosMachines))('%s: addresses of its network cards', (machine) => {
    const { network, states } = of(machine);
    const expected: Record<string, readonly string[]> = {
      [macs.virtio]: ['*/virtio-net.virtio.device.mac'],
      [macs.e1000]: ['*/e1000.mac_reg[0]', '*/e1000.e1000/full_mac_state.mac_reg'],
      ...(machine === 'q35' ? { [macs.e1000e]: ['*/e1000e.core.permanent_mac', '*/e1000e.core.mac'] } : {}),
    };
    for (const [mac, paths] of Object.entries(expected)) {
      expect(network).toContain(`macaddr=${mac}`);
      for (const path of paths) expect(`${path} ${said(states, path).join()}`).toBe(`${path} ${mac}`);
    }
  });

  test.each(Object.keys(biosMachines))('%s: the clock', (machine) => {
    const { clock, states } = of(machine);
    const [registers] = said(states, 'mc146818rtc.cmos_data');
    expect(registers).toBe(`${new Date(clock).toISOString().slice(0, 19).replace('T', ' ')} (as the guest counts)`);
    expect(new Date(clock).toISOString()).toMatch(/^2026-03-04T05:/);
  });

  test.each(hasVirtioStatus(qemu) ? Object.keys(biosMachines) : [])(
    '%s: what the disk’s driver negotiated',
    (machine) => {
      const { virtio, states } = of(machine);
      const names = (list: readonly string[]): string[] => list.map((one) => one.replace(/:.*$/, '')).sort();
      const features = virtio!['guest-features'];
      const path = '*/virtio-blk.virtio.';
      const [wide] = said(states, `${path}virtio/64bit_features.guest_features`);
      const [low] = said(states, `${path}guest_features_lo`);
      const ours = (wide ?? low ?? '').split(', ').filter((name) => name !== 'none');
      expect(ours.sort()).toEqual(names([...features['dev-features'], ...features.transports]));
      expect(names(virtio!.status.statuses)).toEqual(
        said(states, `${path}status`)[0]!
          .split(', ')
          .map((name) => `VIRTIO_CONFIG_S_${name}`)
          .sort(),
      );
      expect(virtio!.status.statuses.length).toBeGreaterThan(2);
      expect([valueAt(states, `${path}isr`), valueAt(states, `${path}queue_sel`)]).toEqual([
        BigInt(virtio!.isr),
        BigInt(virtio!['queue-sel']),
      ]);
    },
  );

  test.each(Object.keys(biosMachines))('%s: hardly anything is not understood', (machine) => {
    const sums = of(machine).states.map(coverageOf);
    const total = sums.reduce((sum, one) => sum + one.total, 0);
    const opaque = sums.reduce((sum, one) => sum + one.opaque, 0);
    expect(opaque / total).toBeLessThanOrEqual(MAX_OPAQUE);
  });

  test('shows what was edited: registers, addresses, the clock, elements, a buffer, a bit', async () => {
    const { stream, states, clock, pci } = of('pc');
    const card = pci.find((one) => one.deviceId === 0x100e)!;
    const config = configsOf(states).get(`${card.bus}/${card.device}/${card.function}`)!;
    const command = numberIn(config, 'command');
    const e1000 = config.state.device.name;
    const palette = Array.from({ length: 768 }, (_, index) => index % 61);
    const base = valueAt(states, 'mc146818rtc.base_rtc');
    const year = 366n * 86_400n;
    const edits = {
      'cpu/0.env.regs[6]': '0x600d',
      'cpu/1.env.regs[3]': '0x5eed',
      'cpu/0.env.cr[2]': '0xcafe',
      'cpu/0.env.dr[0]': '0x7c00',
      'cpu/0.env.xmm_regs[0][3]._q_ZMMReg[0]': '0x0123456789abcdef',
      'mc146818rtc.base_rtc': String(base + year),
      // Element of an array that a decoder made: CMOS 0x40.
      'mc146818rtc.cmos_data.nvram_2[13]': '0x5a',
      '*/virtio-net.virtio.device.mac[5]': '0x99',
      [`${e1000}.e1000/full_mac_state.mac_reg[5376]`]: '0x00545200',
      [`${config.fullPath}.command`]: String(command ^ 4),
    };
    const words = Object.entries(edits).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
    const outcome = await mstream(
      [
        'rewrite',
        'state',
        '-o',
        'edited',
        ...words,
        '--set-bytes',
        `*/vga.vga.palette=${Buffer.from(palette).toString('hex')}`,
      ],
      { files: { state: stream } },
    );
    expect([outcome.code, outcome.stderr]).toEqual([0, expect.stringContaining('wrote: 11 changes')]);
    const file = join(folder, 'edited');
    writeFileSync(file, outcome.written.get('edited')!);

    await withMachine(
      { binary: qemu.binary, argv: [...biosMachines.pc, '-S', '-incoming', 'defer'] },
      async (machine) => {
        await setCapabilities(machine, {});
        await migrateFrom(machine, `exec:cat '${file}'`, { timeoutMs: 60_000 });
        const [first, second] = parseRegisters(await machine.registers());
        expect([first!.get('ESI'), second!.get('EBX')]).toEqual([['0000600d'], ['00005eed']]);
        expect([first!.get('CR2'), first!.get('DR0'), first!.get('XMM03')?.[1]]).toEqual([
          ['0000cafe'],
          ['0000000000007c00'],
          '0123456789abcdef',
        ]);
        expect(await rtcTime(machine)).toBe(clock + Number(year) * 1000);
        await writePort(machine, 0x70, 1, 0x40);
        expect(await readPort(machine, 0x71, 1)).toBe(0x5a);
        const [filter] = await machine.execute<{ 'main-mac': string }[]>('query-rx-filter', { name: 'net0' });
        expect(filter!['main-mac']).toBe('52:54:00:aa:bb:99');
        // The card's receive address, where its driver reads it.
        const registers = card.bars.find(({ index }) => index === 0)!.address;
        expect(await machine.hmp(`xp /1wx 0x${(registers + 0x5400n).toString(16)}`)).toMatch(/: 0x00545200\n$/);
        expect((await readPciConfig(machine, card, 8)).readUInt16LE(4)).toBe(command ^ 4);
        await writePort(machine, 0x3c7, 1, 0);
        const read: number[] = [];
        for (let index = 0; index < palette.length; index += 1) read.push(await readPort(machine, 0x3c9, 1));
        expect(read).toEqual(palette);
      },
    );
  });
});
