// A guest that SeaBIOS has set up: PCI resources given out, protected mode seen, the disk driver's features negotiated.
// Devices of several kinds, the default ones too; a clock that stands still with the guest. Imports qemu/.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { LabQemu } from '../../../src/qemu/lab.js';
import { withMachine, type Machine } from '../../../src/qemu/machine.js';
import { setCapabilities } from '../../../src/qemu/migrate.js';
import { waitUntilReady } from '../../../src/qemu/readiness.js';

export const macs = { virtio: '52:54:00:aa:bb:cc', e1000: '52:54:00:11:22:33', e1000e: '52:54:00:44:55:66' } as const;

const network = (id: string): string[] => ['-netdev', `hubport,id=${id},hubid=0`];

const common: readonly string[] = [
  '-m',
  '16',
  '-smp',
  '2',
  '-rtc',
  'base=2026-03-04T05:06:07,clock=vm',
  ...network('n0'),
  '-device',
  `virtio-net-pci,id=net0,romfile=,netdev=n0,mac=${macs.virtio}`,
  ...network('n1'),
  '-device',
  `e1000,id=net1,romfile=,netdev=n1,mac=${macs.e1000}`,
  '-blockdev',
  'driver=null-co,node-name=disk0,size=1048576,read-zeroes=on',
  '-device',
  'virtio-blk-pci,id=blk0,drive=disk0',
];

export const biosMachines = {
  pc: ['-M', 'pc', ...common],
  q35: [
    '-M',
    'q35',
    ...common,
    '-device',
    'pcie-root-port,id=rp0,chassis=1,slot=1',
    ...network('n2'),
    '-device',
    `e1000e,id=net2,romfile=,bus=rp0,netdev=n2,mac=${macs.e1000e}`,
  ],
} as const;

/** The guest, stopped behind its firmware. */
export async function withBiosGuest<T>(
  qemu: LabQemu,
  argv: readonly string[],
  folder: string,
  work: (machine: Machine) => Promise<T>,
): Promise<T> {
  const file = join(folder, `seabios-${randomUUID()}`);
  const words = [...argv, '-debugcon', `file:${file}`, '-global', 'isa-debugcon.iobase=0x402'];
  return withMachine({ binary: qemu.binary, argv: words }, async (machine) => {
    await waitUntilReady(machine, { kind: 'text', file, text: 'Booting from' });
    await machine.execute('stop');
    await setCapabilities(machine, {});
    return work(machine);
  });
}

const hex = (value: number): string => `0x${value.toString(16)}`;

/** A read of an I/O port by the monitor: as the guest would read it. */
export async function readPort(machine: Machine, port: number, size: 1 | 4): Promise<number> {
  const text = await machine.hmp(`i /${size === 1 ? 'b' : 'w'} ${hex(port)}`);
  // 5.2 prints 0 without its 0x.
  return Number.parseInt(/= (?:0x)?([0-9a-f]+)/.exec(text)?.[1] ?? '', 16);
}

export async function writePort(machine: Machine, port: number, size: 1 | 4, value: number): Promise<void> {
  await machine.hmp(`o /${size === 1 ? 'b' : 'w'} ${hex(port)} ${hex(value)}`);
}

/** The first `length` bytes of configuration space, by the ports that guests use. */
export async function readPciConfig(
  machine: Machine,
  at: { readonly bus: number; readonly device: number; readonly function: number },
  length: number,
): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let offset = 0; offset < length; offset += 4) {
    await writePort(
      machine,
      0xcf8,
      4,
      (0x80000000 + at.bus * 0x10000 + at.device * 0x800 + at.function * 0x100 + offset) >>> 0,
    );
    bytes.writeUInt32LE(await readPort(machine, 0xcfc, 4), offset);
  }
  return bytes;
}
