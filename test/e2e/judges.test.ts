// Dumps of a real Linux guest, read by the tools that people use: gdb, libkdumpfile, makedumpfile, drgn. The guest has
// the device vmcoreinfo and has loaded qemu_fw_cfg, so its kernel told QEMU where its note is.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deflate } from '../../src/bytes/node/deflate.js';
import { deviceNamed } from '../../src/memory/registers.js';
import { bytesOf, dumpGuest, segmentsOf, type Dumped } from './support/dumps.js';
import { out, sameCore, sameKdump } from './support/extracting.js';
import { openJudges } from './support/judges.js';
import { unflatten } from './support/kdump.js';
import { GUEST_READY, guestArgv, openLinuxGuest } from './support/linux-guest.js';
import { onQemu } from './support/qemus.js';

const base = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'mstream-judges-'));
afterAll(() => rm(base, { recursive: true, force: true }));

const judges = await openJudges();
const linux = 'unavailable' in judges ? judges : await openLinuxGuest((line) => console.error(line));
const missing = 'unavailable' in judges ? judges : 'unavailable' in linux ? linux : undefined;
if (missing !== undefined) {
  console.error(`tools that read dumps are not asked: ${missing.unavailable}`);
  test.skip(`tools that read dumps: ${missing.unavailable}`);
}

/** Checksums of pages by physical address, out of a dump that libkdumpfile opens. */
const SUMS = `
import sys, hashlib, kdumpfile
context = kdumpfile.kdumpfile(sys.argv[1])
print(context.attr['arch.name'], context.attr['linux.vmcoreinfo.lines.OSRELEASE'])
for word in sys.argv[2:]:
    try:
        page = context.read(kdumpfile.KDUMP_MACHPHYSADDR, int(word, 16), 4096)
        print(word, hashlib.md5(page).hexdigest())
    except Exception as error:
        print(word, 'none')
`;

const DRGN = `
import sys, drgn
program = drgn.Program()
program.set_core_dump(sys.argv[1])
print(program.platform.arch, program['UTS_RELEASE'].string_().decode())
print(program.read(int(sys.argv[2], 16), 16, physical=True).hex())
`;

onQemu('10.0', 'dumps of a Linux guest', (qemu) => {
  if ('unavailable' in judges || 'unavailable' in linux) return;
  let dumped: Dumped;
  let console_ = '';
  let registers = '';
  let low: Buffer;
  /** Our files. */
  const [core, kdump, flat] = ['our-core', 'our-kdump', 'our-flat'].map((name) => join(base, name)) as [
    string,
    string,
    string,
  ];

  beforeAll(async () => {
    const serial = join(base, 'serial');
    const argv = [...guestArgv(linux, { serial, cpus: 2, vmcoreinfo: true }), '-M', 'q35,max-ram-below-4g=96M'];
    dumped = await dumpGuest(qemu, argv, base, { file: serial, text: GUEST_READY }, async (machine) => {
      registers = await machine.hmp('info registers -a');
      low = await machine.readMemory(0, 1 << 20);
    });
    console_ = await readFile(serial, 'latin1');
    await out(dumped.state, core, 'elf');
    await out(dumped.state, kdump, 'kdump', undefined, { deflate });
    await out(dumped.state, flat, 'kdump', undefined, { deflate, forward: true });
  }, 240_000);

  test('the core and the kdump file are those of QEMU, with the note of the kernel', async () => {
    await sameCore(core, dumped.core, qemu.version);
    await sameKdump(dumped, base, { physBase: true });
    expect((await bytesOf(core, 0, 65536)).includes(`OSRELEASE=${linux.release}\n`)).toBe(true);
  }, 60_000);

  test('without the device the note is found in memory', async () => {
    const found = join(base, 'found');
    await out(dumped.state, found, 'elf', undefined, {
      as: (guest) => {
        const device = deviceNamed(guest.devices, 'vmcoreinfo');
        expect(device).toBeDefined();
        return { ...guest, devices: guest.devices.filter((each) => each !== device) };
      },
    });
    await sameCore(found, dumped.core, qemu.version);
    await rm(found);
  }, 60_000);

  test('gdb: threads, registers, memory', async () => {
    const said = await judges.gdb(core, ['info threads', 'thread apply all info registers rip rsp', 'x/2xg 0x10']);
    expect(said).toMatch(/Thread 0x?\d+|LWP 2/);
    const of = (name: string): string[] =>
      [...registers.matchAll(new RegExp(`${name.toUpperCase()} ?=([0-9a-f]{16})`, 'g'))].map(([, hex]) => hex!).sort();
    for (const name of ['rip', 'rsp']) {
      const read = [...said.matchAll(new RegExp(`^${name} +0x([0-9a-f]+)`, 'gm'))];
      expect(read.map(([, hex]) => hex!.padStart(16, '0')).sort()).toEqual(of(name));
    }
    expect(of('rip')).toHaveLength(2);
    const words = [0x10, 0x18].map((at) => `0x${low.readBigUInt64LE(at).toString(16).padStart(16, '0')}`);
    expect(said).toMatch(new RegExp(`0x10:\\s+${words[0]}\\s+${words[1]}`));
  }, 60_000);

  test('libkdumpfile: pages by physical address, out of the core and the kdump file', async () => {
    const above = 2 ** 32;
    const pages = [0, 0x1000, 0x9f000, 0x100000, 0x1000000, 0x5000000, above, above + 0x1fff000];
    const holes = [0x6000000, 0xb0000000, above + 0x2000000];
    const sum = async (at: number): Promise<string> => {
      const segment = (await segmentsOf(dumped.core)).segments.find(
        ({ type, address, size }) => type === 1 && address <= at && at < address + size,
      )!;
      const page = await bytesOf(dumped.core, segment.offset + at - segment.address, 4096);
      return `${at.toString(16)} ${createHash('md5').update(page).digest('hex')}`;
    };
    const wanted = [
      `x86_64 ${linux.release}`,
      ...(await Promise.all(pages.map(sum))),
      ...holes.map((at) => `${at.toString(16)} none`),
    ];
    const words = [...pages, ...holes].map((at) => at.toString(16));
    for (const file of [core, kdump, flat]) {
      const said = await judges.python(SUMS, [file, ...words]);
      expect(said.trim().split('\n'), file).toEqual(wanted);
    }
  }, 60_000);

  test('makedumpfile: the log of the kernel, out of kdump files; it puts the flattened file in order', async () => {
    const marker = /guest ready hash ([0-9a-f]{32})/.exec(console_)![1]!;
    const regular = join(base, 'regular');
    await judges.makedumpfileFrom(flat, ['-R', regular]);
    expect((await readFile(regular)).equals(await unflatten(flat))).toBe(true);
    expect((await readFile(regular)).equals(await readFile(kdump))).toBe(true);
    // makedumpfile 1.7.6 takes no core of QEMU either, in the same words.
    for (const file of [core, dumped.core])
      await expect(judges.makedumpfile(['-f', '--dump-dmesg', file, join(base, 'none')])).rejects.toThrow(
        "Can't get the number of PT_LOAD",
      );
    for (const file of [kdump, regular]) {
      const log = join(base, 'log');
      await judges.makedumpfile(['-f', '--dump-dmesg', file, log]);
      const text = await readFile(log, 'latin1');
      expect(text, file).toContain(`Linux version ${linux.release}`);
      expect(text, file).toContain(`guest memory hash ${marker}`);
    }
  }, 60_000);

  test('drgn: the release of the kernel, and memory', async () => {
    const page = low.subarray(0x10, 0x20).toString('hex');
    for (const file of [core, kdump])
      expect(await judges.python(DRGN, [file, '10']), file).toBe(`Architecture.X86_64 ${linux.release}\n${page}\n`);
  }, 60_000);
});
