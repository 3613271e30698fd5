// Plain and mapped-ram, both ways: pages are the same, and a mapped-ram file of a stopped guest comes back byte for
// byte.
import { describe, expect, test } from 'vitest';
import { inflate } from '../../../src/bytes/node/inflate.js';
import { forwardSource, memorySink, memorySource } from '../../../src/bytes/source.js';
import { openGuestMemory } from '../../../src/open/guest-memory.js';
import { openStream } from '../../../src/open/open-stream.js';
import { toMapped } from '../../../src/ops/convert/to-mapped.js';
import { toPlain } from '../../../src/ops/convert/to-plain.js';
import { inspect } from '../../../src/ops/inspect.js';
import { fixtureBytes, fixtureNames } from '../../support/fixtures.js';

async function converted(convert: typeof toMapped, bytes: Uint8Array, base = 0): Promise<Uint8Array> {
  const sink = memorySink();
  const length = await convert(memorySource(bytes), sink, { inflate, base });
  const result = Uint8Array.from(sink.bytes());
  expect(result.length).toBe(length);
  return result;
}

async function sameMemory(one: Uint8Array, other: Uint8Array): Promise<void> {
  const [a, b] = await Promise.all([one, other].map((bytes) => openGuestMemory(memorySource(bytes), { inflate })));
  expect(a!.blocks.map(({ idstr, usedLength }) => [idstr, usedLength])).toEqual(
    b!.blocks.map(({ idstr, usedLength }) => [idstr, usedLength]),
  );
  for (const [block, { idstr, usedLength }] of a!.blocks.entries()) {
    const [left, right] = [new Uint8Array(usedLength), new Uint8Array(usedLength)];
    await a!.read(block, 0, left);
    await b!.read(block, 0, right);
    expect(Buffer.compare(left, right), idstr).toBe(0);
  }
}

const mapped = fixtureNames.filter((name) => /mapped-ram/.test(name));
const plain = fixtureNames.filter((name) => /^(1.\.\d\.\d*)-(plain|live|live-xbzrle|uuid|aarch64-virt)$/.test(name));

test('there are both', () => {
  expect(mapped.length).toBeGreaterThan(3);
  expect(plain.length).toBeGreaterThan(5);
});

test.each(mapped)('%s to plain and back is the same file', async (name) => {
  const bytes = fixtureBytes(name);
  const there = await converted(toPlain, bytes);
  const found = await inspect(await openStream(there));
  expect(found.error).toBeUndefined();
  expect(found.capabilities ?? []).not.toContain('mapped-ram');
  await sameMemory(bytes, there);
  expect(Buffer.compare(await converted(toMapped, there), bytes)).toBe(0);
});

describe.each(plain)('%s', (name) => {
  test('to mapped-ram at any base, with its pages', async () => {
    const bytes = fixtureBytes(name);
    for (const base of [0, 12345]) {
      const file = await converted(toMapped, bytes, base);
      const found = await inspect(await openStream(file, { bodies: 'none' }));
      expect(found.error).toBeUndefined();
      expect(found.complete).toBe(true);
      expect(found.capabilities).toContain('mapped-ram');
      for (const { mapped: place } of found.blocks) expect(place!.pagesOffset % 0x10_0000).toBe(0);
      expect(found.dialect.mappedBase?.value).toBe(base === 0 ? undefined : base);
      await sameMemory(bytes, file);
      await sameMemory(bytes, await converted(toPlain, file));
    }
  });
});

test.each(mapped)('%s moves to another base, and back', async (name) => {
  const bytes = fixtureBytes(name);
  const moved = await converted(toMapped, bytes, 12345);
  expect((await inspect(await openStream(moved, { bodies: 'none' }))).dialect.mappedBase?.value).toBe(12345);
  await sameMemory(bytes, moved);
  expect(Buffer.compare(await converted(toMapped, moved), await converted(toMapped, bytes))).toBe(0);
});

/** Into memory that can be written at any offset, as a file can: pages go to their places while they come by. */
async function intoPlaces(bytes: Uint8Array, base: number, size: number): Promise<Uint8Array> {
  const result = new Uint8Array(base + size);
  let at = base;
  const patch = async (part: Uint8Array, place: number): Promise<void> => result.set(part, place);
  await toMapped(
    memorySource(bytes),
    {
      ...memorySink(),
      patch,
      async write(part) {
        await patch(part, at);
        at += part.length;
      },
      skip: async (length) => void (at += length),
    },
    { inflate, base },
  );
  expect(at).toBe(base + size);
  return result.subarray(base);
}

const resent = fixtureNames.filter((name) =>
  /^(?!4\.)[\d.]*-(plain|live|live-xbzrle|compress|mapped-ram|mapped-ram-ignore-shared|ignore-shared)$/.test(name),
);

test.each(resent)('%s: one reading writes the file that two readings write', async (name) => {
  const bytes = fixtureBytes(name);
  const twice = await converted(toMapped, bytes, 12345).catch((error: unknown) => (error as Error).message);
  if (typeof twice === 'string') await expect(intoPlaces(bytes, 12345, 0)).rejects.toThrow(twice);
  else expect(Buffer.compare(await intoPlaces(bytes, 12345, twice.length), twice)).toBe(0);
});

test('what cannot be mapped-ram is refused', async () => {
  const refused = async (name: string): Promise<unknown> =>
    converted(toMapped, fixtureBytes(name)).catch((error: unknown) => error);
  expect(await refused('10.0.13-multifd')).toMatchObject({ code: 'refused' });
  expect(await refused('4.0.0-ignore-shared')).toMatchObject({ code: 'refused' });
  const pipe = forwardSource(memorySource(fixtureBytes('10.0.13-plain')));
  await expect(toMapped(pipe, memorySink(), { inflate })).rejects.toMatchObject({ code: 'not-seekable' });
});
