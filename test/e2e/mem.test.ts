// Virtual addresses against a live QEMU: the same VM says `gva2gpa`, `x` and `xp`, its stream is asked the same. Page
// tables are random ones with loops and holes; QEMU's gdbstub switches x86 into each paging mode, a few instructions do
// it on Arm and RISC-V.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { inflate } from '../../src/bytes/node/inflate.js';
import { openFile } from '../../src/bytes/node/file-source.js';
import { openGuest } from '../../src/ops/guest/guest.js';
import { viewMemory } from '../../src/ops/mem/view.js';
import type { LabQemu } from '../../src/qemu/lab.js';
import { withMachine, type Machine } from '../../src/qemu/machine.js';
import { migrateToFile, setCapabilities } from '../../src/qemu/migrate.js';
import { until } from '../../src/qemu/qmp/wait.js';
import {
  armProgram,
  randomTables,
  riscvProgram,
  sequence,
  someAddresses,
  type TableShape,
} from './support/page-tables.js';
import { onEveryQemuOf, onQemu } from './support/qemus.js';

const base = await mkdtemp(join(tmpdir(), 'mstream-mem-'));
afterAll(() => rm(base, { recursive: true, force: true }));
const MIB = 1n << 20n;

/** Holds 1,000 addresses of a stopped guest against its stream. Answers how many are mapped. */
async function agree(machine: Machine, file: string, addresses: readonly bigint[], paging: RegExp): Promise<number> {
  await setCapabilities(machine, {});
  await migrateToFile(machine, file, { timeoutMs: 60_000 });
  const source = await openFile(file);
  const guest = await openGuest(source, { inflate });
  const view = viewMemory(guest, { cpu: 0 });
  expect(view.how).toMatch(paging);
  const physical = viewMemory(guest);
  let mapped = 0;
  let read = 0;
  for (const address of addresses) {
    const said = await machine.hmp(`gva2gpa 0x${address.toString(16)}`);
    const page = /gpa: (0x[0-9a-f]+)/.exec(said)?.[1];
    const found = (await view.translate(address)).physical;
    // QEMU answers with the start of the page in some releases, with the byte in others.
    const mine = found === undefined ? undefined : BigInt(found) & ~4095n;
    expect(`${address.toString(16)} ${mine?.toString(16)}`).toBe(
      `${address.toString(16)} ${page === undefined ? undefined : (BigInt(page) & ~4095n).toString(16)}`,
    );
    if (found === undefined) continue;
    mapped += 1;
    const here = address & ~7n;
    const bytes = Buffer.alloc(8);
    if (read >= 100 || !(await physical.read(BigInt(found) & ~7n, bytes))) continue;
    read += 1;
    const want = bytes.readBigUInt64LE();
    expect(await view.read(here, bytes)).toBe(true);
    expect(bytes.readBigUInt64LE()).toBe(want);
    for (const line of [`x /1xg 0x${here.toString(16)}`, `xp /1xg 0x${(found - (found % 8)).toString(16)}`])
      expect(BigInt(/: (0x[0-9a-f]+)/.exec(await machine.hmp(line))![1]!), line).toBe(want);
  }
  await source.close();
  expect(read).toBeGreaterThan(20);
  return mapped;
}

const x86 = (entry: 4 | 8, shifts: readonly (number | undefined)[], top = 7n): TableShape => ({
  entry,
  size: 4096,
  shifts,
  table: (address) => address | (address >= 0n ? top : 0n),
  leaf: (address, level) => address | 7n | (level > 1 ? 0x80n : 0n),
});

const PAGING = 0x8000_0001n;
const modes = [
  { name: 'x86, 2 levels$', shape: x86(4, [12, undefined]), cr4: 0n, efer: 0n, width: 32, release: '5.2' },
  { name: 'x86, 2 levels, 4 MiB', shape: x86(4, [12, 22]), cr4: 0x10n, efer: 0n, width: 32, release: '7.2' },
  { name: 'x86, PAE', shape: x86(8, [12, 21, undefined]), cr4: 0x20n, efer: 0n, width: 32, release: '10.0' },
  {
    name: 'x86-64, 4 levels',
    shape: x86(8, [12, 21, 30, undefined]),
    cr4: 0x20n,
    efer: 0x100n,
    width: 48,
    release: '11.1',
  },
  {
    name: 'x86-64, 5 levels',
    shape: x86(8, [12, 21, 30, undefined, undefined]),
    cr4: 0x1020n,
    efer: 0x100n,
    width: 57,
    release: '10.0',
  },
];

async function enter(qemu: LabQemu, { name, shape, cr4, efer, width }: (typeof modes)[number]): Promise<void> {
  const folder = await mkdtemp(join(base, 'x86-'));
  const tables = randomTables(shape, 2n * MIB, { start: 0n, size: 24n * MIB }, width + Number(cr4));
  if (name === 'x86, PAE') pdpt(tables.bytes, Number(tables.root - 2n * MIB));
  await writeFile(join(folder, 'tables'), tables.bytes);
  const socket = join(folder, 'gdb');
  const argv = [
    ...['-M', 'pc', '-cpu', 'max', '-m', '16', '-nodefaults', '-vga', 'none', '-S'],
    ...['-device', `loader,file=${join(folder, 'tables')},force-raw=on,addr=${2n * MIB}`],
    ...['-chardev', `socket,id=gdb,path=${socket},server=on,wait=off`, '-gdb', 'chardev:gdb'],
  ];
  await withMachine({ binary: qemu.binary, argv }, async (machine) => {
    await writeRegisters(socket, [
      [30, cr4],
      [32, efer],
      [29, tables.root],
      [27, PAGING | 0x10n],
    ]);
    const registers = await machine.hmp('info registers');
    expect(registers).toMatch(new RegExp(`CR3=0*${tables.root.toString(16)} `));
    const addresses = someAddresses(width, 1000, 7, width > 32);
    const mapped = await agree(machine, join(folder, 'state'), addresses, new RegExp(name));
    expect(mapped).toBeGreaterThan(100);
    expect(mapped).toBeLessThan(950);
  });
}

/** The four entries of PAE's root have no bits but the first. */
function pdpt(bytes: Buffer, at: number): void {
  for (let i = 0; i < 4; i += 1) bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at + i * 8) & ~6n, at + i * 8);
}

describe('paging modes of x86', () => {
  for (const mode of modes)
    onQemu(mode.release, mode.name, (qemu) => test('1,000 addresses', () => enter(qemu, mode), 120_000));
});

/** Through QEMU's gdbstub, by the numbers of its target description. QEMU: gdb-xml/i386-64bit.xml. */
async function writeRegisters(path: string, values: readonly (readonly [number, bigint])[]): Promise<void> {
  const socket = connect(path);
  try {
    const ask = async (packet: string): Promise<string> => {
      const sum = Buffer.from(packet).reduce((all, byte) => (all + byte) & 0xff, 0);
      socket.write(`$${packet}#${sum.toString(16).padStart(2, '0')}`);
      let answer = '';
      while (!/#[0-9a-f]{2}$/.test(answer)) answer += String((await once(socket, 'data'))[0]);
      socket.write('+');
      return answer;
    };
    // QEMU before 8.0 takes registers only from a debugger that has read their description.
    await ask('qXfer:features:read:target.xml:0,ffb');
    for (const [number, value] of values) {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(value);
      expect(await ask(`P${number.toString(16)}=${bytes.toString('hex')}`)).toContain('$OK#9a');
    }
  } finally {
    socket.destroy();
  }
}

const arm = (granule: 12 | 14 | 16, width: number): { shape: TableShape; tcr: bigint } => {
  const step = granule - 3;
  const count = Math.ceil((width - granule) / step);
  const shifts = Array.from({ length: count }, (_, i) => {
    const level = i + 1;
    return level === 1 || (granule === 12 ? level <= 3 : level === 2) ? granule + step * i : undefined;
  });
  const size = BigInt(64 - width);
  const [tg0, tg1] = { 12: [0n, 2n], 14: [2n, 1n], 16: [1n, 3n] }[granule];
  return {
    shape: {
      entry: 8,
      size: 2 ** granule,
      shifts,
      table: (address) => address | 3n,
      leaf: (address, level) => address | 0x400n | (level === 1 ? 3n : 1n),
    },
    tcr: size | (size << 16n) | (tg0! << 14n) | (tg1! << 30n) | (5n << 32n),
  };
};

await onEveryQemuOf('aarch64', 'page tables', (qemu) => {
  const cases = (
    [
      [12, 48, '7.2'],
      [12, 39, '10.0'],
      [14, 47, '11.1'],
      [16, 48, '10.0'],
      [16, 42, '11.1'],
    ] as const
  ).filter(([, , release]) => release === qemu.wanted);
  test.each(cases)(
    '%d bits in a page, %d in an address: 1,000 addresses',
    async (granule, width) => {
      const folder = await mkdtemp(join(base, 'arm-'));
      const ram = 0x4000_0000n;
      const { shape, tcr } = arm(granule, width);
      const tables = randomTables(shape, ram + 4n * MIB, { start: ram, size: 24n * MIB }, granule + width);
      await writeFile(join(folder, 'tables'), tables.bytes);
      await writeFile(join(folder, 'code'), armProgram(tcr, tables.root, tables.root + BigInt(shape.size)));
      const argv = [
        ...['-M', 'virt', '-cpu', 'max', '-m', '16', '-nodefaults'],
        ...['-device', `loader,file=${join(folder, 'tables')},force-raw=on,addr=${ram + 4n * MIB}`],
        ...['-device', `loader,file=${join(folder, 'code')},force-raw=on,addr=${ram + MIB},cpu-num=0`],
      ];
      await withMachine({ binary: qemu.binary, argv }, async (machine) => {
        // The MMU is on: a loop behind that, or the vector of its fault.
        await waitFor(machine, /PC=0{13}200\b|PC=0{8}40100024\b/);
        await machine.execute('stop');
        const addresses = someAddresses(width, 1000, 9, true);
        const mapped = await agree(machine, join(folder, 'state'), addresses, /AArch64, \d+ KiB/);
        expect(mapped).toBeGreaterThan(100);
      });
    },
    120_000,
  );
});

await onEveryQemuOf('riscv64', 'page tables', (qemu) => {
  const cases = (
    [
      ['Sv39', 8n, 3, '10.0'],
      ['Sv48', 9n, 4, '11.1'],
      ['Sv48', 9n, 4, '7.2'],
    ] as const
  ).filter(([, , , release]) => release === qemu.wanted);
  test.each(cases)(
    '%s: 1,000 addresses',
    async (name, mode, levels) => {
      const folder = await mkdtemp(join(base, 'riscv-'));
      const ram = 0x8000_0000n;
      const shape: TableShape = {
        entry: 8,
        size: 4096,
        shifts: Array.from({ length: levels }, (_, i) => 12 + 9 * i),
        table: (address) => ((address >> 12n) << 10n) | 1n,
        leaf: (address) => ((address >> 12n) << 10n) | 0xcfn,
      };
      const tables = randomTables(shape, ram + 4n * MIB, { start: ram, size: 24n * MIB }, levels);
      await writeFile(join(folder, 'tables'), tables.bytes);
      await writeFile(join(folder, 'code'), riscvProgram((mode << 60n) | (tables.root >> 12n)));
      const argv = [
        ...['-M', 'virt', '-m', '16', '-nodefaults', '-bios', 'none'],
        ...['-device', `loader,file=${join(folder, 'tables')},force-raw=on,addr=${ram + 4n * MIB}`],
        ...['-device', `loader,file=${join(folder, 'code')},force-raw=on,addr=${ram}`],
      ];
      await withMachine({ binary: qemu.binary, argv }, async (machine) => {
        await waitFor(machine, /pc +0{16}\b/);
        await machine.execute('stop');
        const width = 12 + 9 * levels;
        const mapped = await agree(
          machine,
          join(folder, 'state'),
          someAddresses(width, 1000, 11, true),
          new RegExp(name),
        );
        expect(mapped).toBeGreaterThan(100);
      });
    },
    120_000,
  );
});

async function waitFor(machine: Machine, pattern: RegExp): Promise<void> {
  let seen = '';
  await until(async () => ((seen = await machine.hmp('info registers')).match(pattern) === null ? undefined : true), {
    timeoutMs: 30_000,
    what: `registers like ${pattern.source}`,
    lastSeen: () => seen.slice(0, 400),
  });
}

test('the numbers are the same every time', () => {
  const [a, b] = [sequence(3), sequence(3)];
  expect(Array.from({ length: 5 }, a)).toEqual(Array.from({ length: 5 }, b));
});
