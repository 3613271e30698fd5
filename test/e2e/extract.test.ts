// Memory that mstream takes out of a stream, against what the QEMU that wrote the stream says of the same stopped
// guest: dump-guest-memory byte for byte, pmemsave on both sides of the PCI hole.
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bytesOf, dumpGuest } from './support/dumps.js';
import { out, sameCore, sameKdump } from './support/extracting.js';
import { onEveryQemu, onEveryQemuOf, otherTargets } from './support/qemus.js';

const fixtures = new URL('../../fixtures/', import.meta.url).pathname;
/** A RAM disk where there is one: the cores are 200 MB each. */
const base = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'mstream-extract-'));
afterAll(() => rm(base, { recursive: true, force: true }));

const MIB = 2 ** 20;
const GIB = 2 ** 30;

onEveryQemu('extract', ({ ...qemu }) => {
  // The large pair on one release: 200 MB of core are slow on a machine with two CPUs.
  const below = qemu.wanted === '10.0' ? 128 : 32;
  const total = below * 1.5;
  test.each([`pc,max-ram-below-4g=${below}M`, `q35,max-ram-below-4g=${below}M`, 'microvm'])(
    '%s: the core and the memory of QEMU',
    async (machine) => {
      const folder = await mkdtemp(join(base, 'x86-'));
      const console_ = join(folder, 'console');
      const hole = machine !== 'microvm';
      const pieces = hole
        ? [
            [0, below * MIB],
            [4 * GIB, (total - below) * MIB],
          ]
        : [[0, total * MIB]];
      // Bytes at the very end of each.
      const loaded = pieces.map(([at, size]) => at! + size! - 0x10000);
      const argv = [
        ...['-M', machine, '-m', String(total), '-smp', '2', '-nodefaults', '-vga', 'none'],
        ...['-bios', `${fixtures}guest.bin`],
        ...['-debugcon', `file:${console_}`],
        ...loaded.flatMap((addr) => ['-device', `loader,file=${fixtures}guest.bin,force-raw=on,addr=${addr}`]),
      ];
      const memory: Buffer[] = [];
      const dumped = await dumpGuest(qemu, argv, folder, { file: console_, text: 'R' }, async (running) => {
        for (const [at, size] of pieces) memory.push(await running.readMemory(at!, size!));
      });
      const { state, core } = dumped;
      const ours = join(folder, 'ours');
      await out(state, ours, 'elf');
      await sameCore(ours, core, qemu.version);
      await sameKdump(dumped, folder);
      const raw = join(folder, 'raw');
      expect(await out(state, raw, 'raw')).toMatch(hole ? /^CMOS/ : /^(CMOS|the rule of microvm)/);
      const { size, blocks, mode } = statSync(raw);
      expect(size).toBe(hole ? 4 * GIB + (total - below) * MIB : 4 * GIB);
      expect(blocks * 512).toBeLessThan(8 << 20);
      expect(mode & 0o777).toBe(0o600);
      for (const [i, [at, length]] of pieces.entries())
        expect((await bytesOf(raw, at!, length!)).equals(memory[i]!)).toBe(true);
      const lime = join(folder, 'lime');
      const range = { start: pieces.at(-1)![0]!, end: pieces.at(-1)![0]! + pieces.at(-1)![1]! };
      await out(state, lime, 'lime', { range: { start: range.end - 0x20000, end: range.end } });
      const stretch = await bytesOf(lime, 0, 32 + 0x20000);
      expect([0, 4].map((i) => stretch.readUInt32LE(i))).toEqual([0x4c694d45, 1]);
      expect([8, 16].map((i) => Number(stretch.readBigUInt64LE(i)))).toEqual([range.end - 0x20000, range.end - 1]);
      expect(stretch.subarray(32).equals(memory.at(-1)!.subarray(-0x20000))).toBe(true);
      await rm(folder, { recursive: true });
    },
    60_000,
  );
});

const others = {
  aarch64: {
    machine: 'virt',
    words: ['-cpu', 'cortex-a57', '-m', '64'],
    guest: ['-device', `loader,file=${fixtures}guest-aarch64.bin,addr=0x40100000,cpu-num=0`],
  },
  riscv64: {
    machine: 'virt',
    words: ['-m', '64', '-bios', 'none'],
    guest: ['-device', `loader,file=${fixtures}guest-riscv64.bin,addr=0x80000000`],
  },
  ppc64: { machine: 'pseries', words: ['-m', '256'], guest: ['-bios', `${fixtures}guest-ppc64.bin`] },
  s390x: { machine: 's390-ccw-virtio', words: ['-m', '64'], guest: ['-bios', `${fixtures}guest-s390x.bin`] },
} as const;

for (const target of otherTargets)
  await onEveryQemuOf(target, 'extract', (qemu) => {
    const { machine, words, guest } = others[target];
    test(`${machine}: the core and the kdump files of QEMU`, async () => {
      const folder = await mkdtemp(join(base, `${target}-`));
      const serial = join(folder, 'serial');
      const argv = ['-M', machine, ...words, ...guest, '-smp', '2', '-nodefaults', '-serial', `file:${serial}`];
      const dumped = await dumpGuest(qemu, argv, folder, { file: serial, text: 'R' });
      const ours = join(folder, 'ours');
      await out(dumped.state, ours, 'elf');
      await sameCore(ours, dumped.core, qemu.version);
      await sameKdump(dumped, folder, { little: target === 'aarch64' || target === 'riscv64' });
      await rm(folder, { recursive: true });
    }, 60_000);
  });
