// `mstream extract` on captures: every format holds the same bytes, from every container, dialect and kind of page.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { inflate } from '../../../src/bytes/node/inflate.js';
import { memorySink, memorySource } from '../../../src/bytes/source.js';
import { openGuestMemory } from '../../../src/open/guest-memory.js';
import { extract } from '../../../src/ops/extract/extract.js';
import { openGuest } from '../../../src/ops/guest/guest.js';
import { mstream, type Outcome } from '../../support/fake-host.js';
import { fixtureBytes, fixtureMemory, fixtureNames } from '../../support/fixtures.js';

const RAM = 2 << 20;
const run = (args: readonly string[], files: Record<string, Uint8Array>): Promise<Outcome> =>
  mstream(['extract', 'state', '-o', 'out', ...args], { files });

/** The 2 MiB of a pc as the block has them. */
async function ramOf(bytes: Uint8Array, block = 'pc.ram'): Promise<Buffer> {
  const memory = await openGuestMemory(memorySource(bytes), { inflate });
  const ram = Buffer.alloc(RAM);
  await memory.read(
    memory.blocks.findIndex(({ idstr }) => idstr === block),
    0,
    ram,
  );
  return ram;
}

test.each(['4.1.0-plain', '5.2.0-live-xbzrle', '7.2.22-compress', '10.0.13-mapped-ram', '11.1.3-plain'])(
  '%s: a block, raw memory and LiME hold the same',
  async (name) => {
    const state = fixtureBytes(name);
    const ram = await ramOf(state);
    const low = await run(['--format', 'raw', '--range', '0-200000', '--block', 'pc.ram'], { state });
    expect(low.stderr).toContain('layout from CMOS');
    const raw = Buffer.from(low.written.get('out')!);
    expect(raw.length).toBe(RAM);
    // The ROMs lie over these addresses.
    expect(raw.subarray(0, 0xc0000).equals(ram.subarray(0, 0xc0000))).toBe(true);
    expect(raw.subarray(0x100000).equals(ram.subarray(0x100000))).toBe(true);
    const lime = Buffer.from((await run(['--format', 'lime'], { state })).written.get('out')!);
    expect(lime.readUInt32LE(0)).toBe(0x4c694d45);
    expect(Number(lime.readBigUInt64LE(16))).toBe(0xbffff);
    expect(lime.subarray(32, 32 + 0xc0000).equals(ram.subarray(0, 0xc0000))).toBe(true);
  },
);

test('a container, and a memory file beside the stream', async () => {
  const state = fixtureBytes('10.0.13-ignore-shared');
  const without = await run(['--spool', '/tmp'], { state: gzipSync(state) });
  expect(without).toMatchObject({ code: 3 });
  expect(without.stderr).toContain('no page of "mem0" is in this stream');
  expect(without.stderr).toContain('--memory mem0=FILE');
  expect(without.written.size).toBe(0);
  const memory = Buffer.from(fixtureMemory('10.0.13-ignore-shared'));
  const folder = mkdtempSync(join(tmpdir(), 'mstream-extract-'));
  try {
    writeFileSync(join(folder, 'mem0'), memory);
    const args = ['--format', 'raw', '--range', '0-200000', '--spool', '/tmp', '--memory', `mem0=${folder}/mem0`];
    const { written } = await run(args, { state: gzipSync(state) });
    expect(Buffer.from(written.get('out')!).subarray(0, 0xc0000).equals(memory.subarray(0, 0xc0000))).toBe(true);
    writeFileSync(join(folder, 'mem0'), memory.subarray(1));
    const short = await run(args, { state });
    expect(short.stderr).toContain('has 2097151 bytes, block "mem0" has 2097152');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const cores = fixtureNames.filter((name) =>
  /-(plain|microvm|q35-devices|aarch64-virt|riscv64-virt|s390x-ccw)$/.test(name),
);
test.each(cores)('%s has a core', async (name) => {
  const sink = memorySink();
  const guest = await openGuest(memorySource(fixtureBytes(name)), { inflate });
  const ram = guest.memory.blocks.findIndex(({ idstr }) => /\.ram$|^mem0$/.test(idstr));
  if (guest.memory.isMissing(ram)) return;
  const { map, bytes } = await extract(guest, sink, 'elf');
  const core = Buffer.from(sink.bytes());
  expect(core.length).toBe(bytes);
  const little = core[5] === 1;
  const u16 = (at: number): number => (little ? core.readUInt16LE(at) : core.readUInt16BE(at));
  expect([core.toString('latin1', 1, 4), u16(16)]).toEqual(['ELF', 4]);
  const machines: Record<string, number> = { aarch64: 183, riscv64: 243, s390x: 22 };
  expect(u16(18)).toBe(machines[/-(aarch64|riscv64|s390x)-/.exec(name)?.[1] ?? ''] ?? 3);
  expect(u16(core[4] === 2 ? 56 : 44)).toBe(map.ranges.length + 1);
});

test('what the options do not allow', async () => {
  const state = fixtureBytes('11.1.3-plain');
  for (const [args, words] of [
    [['--range', '100000000-200000000'], 'no memory is there'],
    [['--block', 'nowhere'], 'it has pc.ram'],
    [['--memory-map', '0=pc.ram,1000=pc.rom'], 'overlap'],
    [['--memory', 'pc.ram'], 'not BLOCK=FILE'],
    [['--memory-map', 'pc.ram'], 'not ADDRESS=BLOCK'],
    [['--format', 'blocks', '--range', '0-1000'], 'whole blocks'],
  ] as const) {
    const { code, stderr, written } = await run(args, { state });
    expect(stderr).toContain(words);
    expect([2, 3]).toContain(code);
    expect(written.size).toBe(0);
  }
  const nowhere = await mstream(['extract', 'state'], { files: { state } });
  expect(nowhere).toMatchObject({ code: 2 });
  const pipe = await mstream(['extract', '-', '-o', 'out'], { stdin: state });
  expect(pipe.stderr).toContain('--spool');
  const spooled = await mstream(['extract', '-', '-o', 'out', '--spool', '/tmp'], { stdin: state });
  expect(spooled).toMatchObject({ code: 0 });
});

test('a stream without layouts: blocks and a given map work, a core does not', async () => {
  const state = fixtureBytes('11.1.3-no-vmdesc');
  const core = await run([], { state });
  expect(core.stderr).toContain('cpu has no field env.hflags');
  expect(core.written.size).toBe(0);
  const raw = await run(['--format', 'raw', '--memory-map', '0=pc.ram'], { state });
  expect(raw.written.get('out')!.length).toBe(RAM);
  const learned = await mstream(['extract', 'state', '-o', 'out', '--schema-from', 'donor'], {
    files: { state, donor: fixtureBytes('11.1.3-plain') },
  });
  expect(learned).toMatchObject({ code: 0 });
});
