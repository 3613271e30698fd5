// Multifd captures of real QEMUs: packets both ways, channels joined with the main channel into one plain stream, and
// what damaged ones give.
import { describe, expect, test } from 'vitest';
import { MigrationStreamError } from '../../../src/base/errors.js';
import { flushDecoders } from '../../../src/bytes/node/flush-decoders.js';
import { inflate } from '../../../src/bytes/node/inflate.js';
import { memorySink, memorySource } from '../../../src/bytes/source.js';
import { Window } from '../../../src/bytes/window.js';
import { createWriter } from '../../../src/open/create-writer.js';
import { openGuestMemory } from '../../../src/open/guest-memory.js';
import { joinChannels } from '../../../src/open/join-channels.js';
import { openStream } from '../../../src/open/open-stream.js';
import { inspect } from '../../../src/ops/inspect.js';
import type { MergeFacts } from '../../../src/ram/channels/merge.js';
import { encodeBytes } from '../../../src/wire/kit/codec.js';
import { multifdInitial } from '../../../src/wire/multifd-initial.js';
import { multifdPagesHeader } from '../../../src/wire/multifd-packet.js';
import { fixtureBytes, fixtureChannels, fixtureNames } from '../../support/fixtures.js';

const names = fixtureNames.filter((name) => /-multifd(-zlib|-zstd)?$/.test(name) && !name.includes('mapped'));

async function join(
  main: Uint8Array,
  channels: readonly Uint8Array[],
): Promise<{ bytes: Uint8Array; facts: MergeFacts }> {
  const joined = joinChannels(
    await openStream(main),
    channels.map((bytes, i) => memorySource(bytes, `chan${i + 1}`)),
    flushDecoders,
  );
  const sink = memorySink();
  const writer = createWriter(sink);
  try {
    for await (const event of joined.events()) await writer.write(event);
    await writer.finish();
    return { bytes: Uint8Array.from(sink.bytes()), facts: joined.merged! };
  } finally {
    await joined.close();
  }
}

test('there are captures of five releases', () => expect(names.length).toBeGreaterThanOrEqual(5));

describe.each(names)('%s', (name) => {
  const main = fixtureBytes(name);
  const channels = fixtureChannels(name);

  test('joined, every page is there, and nothing is left', async () => {
    const { bytes, facts } = await join(main, channels);
    expect(facts).toMatchObject({ ambiguous: 0, leftOver: 0, complete: true });
    for (const channel of facts.channels) expect(channel.syncs).toBe(facts.syncs);
    const found = await inspect(await openStream(bytes));
    expect(found.error).toBeUndefined();
    expect(found.complete).toBe(true);
    for (const block of found.blocks) expect(block.sent.absent, block.idstr).toBe(0);
    const alone = await inspect(await openStream(main));
    expect(alone.blocks.some(({ sent }) => sent.absent! > 0)).toBe(true);
    expect(found.map.map(({ kind, section }) => `${kind} ${section?.idstr}`)).toEqual(
      alone.map.map(({ kind, section }) => `${kind} ${section?.idstr}`),
    );
  });

  test('the order in which channels are given does not matter', async () => {
    const { bytes } = await join(main, channels);
    expect(Buffer.compare((await join(main, [...channels].reverse())).bytes, bytes)).toBe(0);
  });

  test('counted without their pages being decoded', async () => {
    const { bytes } = await join(main, channels);
    const joined = joinChannels(
      await openStream(main, { bodies: 'none' }),
      channels.map((one) => memorySource(one)),
      undefined,
    );
    const counted = await inspect(joined);
    const decoded = await inspect(await openStream(bytes));
    expect(counted.blocks.map(({ sent }) => ({ ...sent, bytes: 0 }))).toEqual(
      decoded.blocks.map(({ sent }) => ({ ...sent, bytes: 0 })),
    );
  });

  test('its memory is that of the plain save', async () => {
    const plain = `${name.split('-')[0]}-plain`;
    const [one, other] = await Promise.all(
      [fixtureBytes(plain), (await join(main, channels)).bytes].map((bytes) =>
        openGuestMemory(memorySource(bytes), { inflate }),
      ),
    );
    for (const [block, { idstr, usedLength }] of one!.blocks.entries()) {
      const at = other!.blocks.findIndex((entry) => entry.idstr === idstr);
      const [a, b] = [new Uint8Array(usedLength), new Uint8Array(usedLength)];
      await one!.read(block, 0, a);
      await other!.read(at, 0, b);
      let different = 0;
      for (let page = 0; page < usedLength; page += 4096)
        if (Buffer.compare(a.subarray(page, page + 4096), b.subarray(page, page + 4096)) !== 0) different += 1;
      expect(different, idstr).toBeLessThanOrEqual(3);
    }
  });

  test('packets are encoded again as they stand', () => {
    for (const bytes of channels) {
      const window = Window.over(bytes);
      expect(encodeBytes(multifdInitial, multifdInitial.decode(window))).toEqual(bytes.subarray(0, 64));
      const codec = multifdPagesHeader(4096);
      while (window.available > 0) {
        const start = window.at;
        const header = codec.decode(window);
        expect(Buffer.compare(encodeBytes(codec, header), bytes.subarray(start, window.at))).toBe(0);
        if (header.normalPages > 0) window.take(header.nextPacketSize);
      }
    }
  });

  test('a channel that ends early, or is not given, is named', async () => {
    const cut = channels.map((bytes, i) => (i === 0 ? bytes.subarray(0, bytes.length - 5) : bytes));
    await expect(join(main, cut)).rejects.toMatchObject({
      code: 'truncated',
      path: [expect.stringContaining('channel')],
    });
    await expect(join(main, [channels[0]!, channels[0]!])).rejects.toMatchObject({ code: 'bad-payload' });
    await expect(join(main, [main])).rejects.toMatchObject({ code: 'not-a-stream' });
  });

  test('one byte changed: a typed error, or a stream', async () => {
    const channel = channels[0]!;
    for (let turn = 0; turn < 60; turn += 1) {
      const at = (turn * 2654435761) % Math.min(channel.length, 6000);
      const changed = channel.slice();
      changed[at] = changed[at]! ^ (1 << (turn % 8));
      const error = await join(main, [changed, ...channels.slice(1)]).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error !== undefined) expect(error).toBeInstanceOf(MigrationStreamError);
    }
  });
});
