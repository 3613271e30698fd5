// Converted and joined streams in real QEMUs: plain to mapped-ram at an offset, with and without multifd; mapped-ram to
// plain; joined multifd captures; and the memory of a stream with deltas, compared with that of the QEMU that loaded it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { flushDecoders } from '../../src/bytes/node/flush-decoders.js';
import { inflate } from '../../src/bytes/node/inflate.js';
import { memorySink, memorySource } from '../../src/bytes/source.js';
import { createWriter } from '../../src/open/create-writer.js';
import { openGuestMemory } from '../../src/open/guest-memory.js';
import { joinChannels } from '../../src/open/join-channels.js';
import { openStream } from '../../src/open/open-stream.js';
import { toMapped } from '../../src/ops/convert/to-mapped.js';
import { toPlain } from '../../src/ops/convert/to-plain.js';
import { fixtureBytes, fixtureChannels, fixtureJson, fixtureNames } from '../support/fixtures.js';
import { folder, guestRam, load, skip, withoutRoms } from './support/loads.js';

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

async function written(work: (sink: ReturnType<typeof memorySink>) => Promise<unknown>): Promise<Uint8Array> {
  const sink = memorySink();
  await work(sink);
  return Uint8Array.from(sink.bytes());
}

describe.skipIf(skip !== undefined)('plain to mapped-ram', () => {
  test.each(['10.0.13-plain', '11.1.3-plain', '10.0.13-live-xbzrle', '11.1.3-live-xbzrle'])('%s', async (name) => {
    const memory = await openGuestMemory(memorySource(fixtureBytes(name)), { inflate });
    for (const [base, multifd] of [
      [0, false],
      [12345, false],
      [12345, true],
    ] as const) {
      const bytes = await written((sink) => toMapped(memorySource(fixtureBytes(name)), sink, { inflate, base }));
      const file = join(folder, `${name}-${base}`);
      writeFileSync(file, Buffer.concat([new Uint8Array(base).fill(0xaa), bytes]));
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
    const stream = await written((sink) => toPlain(memorySource(fixtureBytes(name)), sink, { inflate }));
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
    const stream = await written(async (sink) => {
      const joined = joinChannels(
        await openStream(fixtureBytes(name)),
        fixtureChannels(name).map((bytes) => memorySource(bytes)),
        flushDecoders,
      );
      const writer = createWriter(sink);
      for await (const event of joined.events()) await writer.write(event);
      await writer.finish();
    });
    const outcome = await load({ release: releaseOf(name), argv: argvOf(name), stream });
    expect(outcome).toMatchObject({ loaded: true, ran: true });
  });
});
