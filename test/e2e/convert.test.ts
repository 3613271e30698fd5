// Streams that `mstream convert` made, in real QEMUs: plain to mapped-ram at an offset, with and without multifd;
// mapped-ram to plain; joined multifd captures; and the memory of a stream with deltas, compared with that of the QEMU
// that loaded it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inflate } from '../../src/bytes/node/inflate.js';
import { memorySource } from '../../src/bytes/source.js';
import { openGuestMemory } from '../../src/open/guest-memory.js';
import { fixtureBytes, fixtureChannels, fixtureJson, fixtureNames } from '../support/fixtures.js';
import { fileOf, folder, guestRam, load, skip, withoutRoms } from './support/loads.js';
import { runMstream } from './support/run-mstream.js';

if (skip !== undefined) test.skip(`convert: ${skip}`);

const releaseOf = (name: string): string => /^\d+\.\d+/.exec(name)![0];
const firmware = new URL('../../fixtures/', import.meta.url).pathname;

/** The command line of a fixture, its memory anonymous. */
function argvOf(name: string): string[] {
  const { argv } = fixtureJson<{ argv: string[] }>(name, 'truth.json')!;
  return argv
    .map((word) => word.replace(/memory-backend-file,(.*),share=on,mem-path=[^,]*/, 'memory-backend-ram,$1'))
    .map((word, i) => (argv[i - 1] === '-bios' ? `${firmware}${word}` : word))
    .map((word) => word.replace(/^file:debugcon$/, `file:${join(folder, 'debugcon')}`));
}

async function mstream(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runMstream(folder, args);
  if (code !== 0) throw new Error(`mstream ${args.join(' ')}: ${code}\n${stderr}`);
  return stdout;
}

/** What `mstream convert` wrote: the path. */
async function converted(from: string, to: string, ...more: string[]): Promise<string> {
  const out = fileOf(new Uint8Array(0));
  await mstream('convert', from, '-o', out, '--force', '--to', to, ...more, '-q');
  return out;
}

describe.skipIf(skip !== undefined)('plain to mapped-ram', () => {
  test.each(['10.0.13-plain', '11.1.3-plain', '10.0.13-live-xbzrle', '11.1.3-live-xbzrle'])('%s', async (name) => {
    const memory = await openGuestMemory(memorySource(fixtureBytes(name)), { inflate });
    for (const [base, multifd] of [
      [0, false],
      [12345, false],
      [12345, true],
    ] as const) {
      const file = await converted(fileOf(fixtureBytes(name)), 'mapped-ram', '--at', String(base));
      let ram: Buffer | undefined;
      const outcome = await load({
        release: releaseOf(name),
        argv: argvOf(name),
        stream: { uri: `file:${file}${base === 0 ? '' : `,offset=${base}`}` },
        capabilities: ['mapped-ram', ...(multifd ? ['multifd'] : [])],
        look: async (machine) => void (ram = await guestRam(machine)),
      });
      expect(outcome).toMatchObject({ loaded: true, ran: true });
      const main = memory.blocks.findIndex(({ usedLength }) => usedLength === 2 << 20);
      const expected = new Uint8Array(2 << 20);
      await memory.read(main, 0, expected);
      expect(ram!.equals(withoutRoms(Buffer.from(expected)))).toBe(true);
    }
  });
});

describe.skipIf(skip !== undefined)('memory with XBZRLE deltas is what QEMU has after loading', () => {
  const names = fixtureNames.filter((name) => /^(?!4\.).*-live-xbzrle$/.test(name));
  test.each(names)('%s', async (name) => {
    const bytes = fixtureBytes(name);
    const memory = await openGuestMemory(memorySource(bytes), { inflate });
    const expected = new Uint8Array(2 << 20);
    await memory.read(
      memory.blocks.findIndex(({ usedLength }) => usedLength === 2 << 20),
      0,
      expected,
    );
    let ram: Buffer | undefined;
    const look = async (machine: Parameters<typeof guestRam>[0]): Promise<void> => void (ram = await guestRam(machine));
    const outcome = await load({ release: releaseOf(name), argv: argvOf(name), stream: bytes, look });
    expect(outcome).toMatchObject({ loaded: true });
    expect(ram!.equals(withoutRoms(Buffer.from(expected)))).toBe(true);
  });
});

describe.skipIf(skip !== undefined)('mapped-ram to plain', () => {
  test.each(['10.0.13-mapped-ram', '11.1.3-mapped-ram-multifd'])('%s', async (name) => {
    const stream = readFileSync(await converted(fileOf(fixtureBytes(name)), 'plain'));
    const outcome = await load({ release: releaseOf(name), argv: argvOf(name), stream });
    expect(outcome).toMatchObject({ loaded: true, ran: true });
  });
});

describe.skipIf(skip !== undefined)('joined multifd channels', () => {
  const names = fixtureNames.filter(
    (name) => /^(?!4\.).*-multifd(-zlib|-zstd)?$/.test(name) && !name.includes('mapped'),
  );
  test('are of four releases', () => expect(new Set(names.map(releaseOf)).size).toBe(4));
  test.each(names)('%s', async (name) => {
    const capture = join(folder, name);
    mkdirSync(capture);
    const files = [fixtureBytes(name), ...fixtureChannels(name)].map((bytes, id) => {
      const file = join(capture, `chan${id}`);
      writeFileSync(file, bytes);
      return file;
    });
    const each = files.slice(1).flatMap((file) => ['--channel', file]);
    const inspected = await mstream('inspect', files[0]!, ...each);
    expect(inspected).toMatch(/^Channels: 2$/m);
    // A folder stands for the channels in it.
    expect(await mstream('inspect', files[0]!, '--channel', capture)).toBe(inspected);
    const plain = readFileSync(await converted(files[0]!, 'plain', ...each));
    expect(plain.equals(readFileSync(await converted(files[0]!, 'plain', '--channel', capture)))).toBe(true);
    const outcome = await load({ release: releaseOf(name), argv: argvOf(name), stream: plain });
    expect(outcome).toMatchObject({ loaded: true, ran: true });
    if (Number(releaseOf(name).split('.')[0]) < 10) return;
    const mapped = await converted(files[0]!, 'mapped-ram', '--at', '4096', '--channel', capture);
    const again = await load({
      release: releaseOf(name),
      argv: argvOf(name),
      stream: { uri: `file:${mapped},offset=4096` },
      capabilities: ['mapped-ram'],
    });
    expect(again).toMatchObject({ loaded: true, ran: true });
  });
});
