// Any damage of a qcow2 image: the state comes out, or one typed error does, in bounded work. Real ones that a QEMU
// wrote are damaged in the same way (fixtures/containers).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MigrationStreamError, errorCodes } from '../../src/base/errors.js';
import { nodeDecompressors } from '../../src/bytes/node/decompressors.js';
import { memorySource } from '../../src/bytes/source.js';
import { openContainers } from '../../src/container/open.js';
import { fixtureBytes } from '../support/fixtures.js';
import { deflateCluster, makeImage, type ImageWish, type Made } from '../support/qcow2.js';
import { cases } from '../support/seed.js';
import { countingSource } from '../support/sources.js';

const stream = fixtureBytes('7.2.22-plain').subarray(0, 60_000);
const saved = { id: '1', tag: 's1', state: stream } as const;
const wishes: readonly ImageWish[] = [
  { clusterBits: 9, snapshots: [saved, { id: '2', tag: 'disk' }] },
  { clusterBits: 12, version: 2, active: stream },
  { clusterBits: 12, snapshots: [{ ...saved, compress: deflateCluster }] },
  { clusterBits: 14, extendedL2: true, snapshots: [{ ...saved, holes: 'zero' }], backing: { name: 'base' } },
  { clusterBits: 16, snapshots: [saved, { ...saved, id: '2', tag: 's2' }] },
];
const images = wishes.map((wish) => makeImage({ diskSize: 100_000, ...wish }));
const image = fc.constantFrom(...images);

/** Opens and reads everything. How it ended, and what was read of the image. */
async function attempt(
  bytes: Uint8Array,
): Promise<{ readonly end: string; readonly reads: number; readonly read: number }> {
  const source = countingSource(memorySource(bytes, 'disk'));
  const context = { decompressors: nodeDecompressors, openBacking: async () => memorySource(bytes, 'disk') };
  const done = (end: string): { end: string; reads: number; read: number } => ({
    end,
    reads: source.reads.length,
    read: source.reads.reduce((sum, { got }) => sum + got, 0),
  });
  try {
    const { inner } = await openContainers(source, context);
    const part = new Uint8Array(65_536);
    const size = inner.size ?? 0;
    // A hostile table may map terabytes of zeros: the reader takes no more than it asks for.
    for (let at = 0; at < Math.min(size, 1 << 20);) {
      const got = await inner.read(part, at);
      if (got === 0) return done('short');
      at += got;
    }
    await inner.close();
    return done('read');
  } catch (error) {
    if (!(error instanceof MigrationStreamError)) throw error;
    expect(errorCodes).toContain(error.code);
    expect(error.offset === undefined || Number.isSafeInteger(error.offset)).toBe(true);
    return done(error.code);
  }
}

function check({ end, reads, read }: Awaited<ReturnType<typeof attempt>>): void {
  expect(end).not.toBe('short');
  expect(reads).toBeLessThan(20_000);
  expect(read).toBeLessThan(64 << 20);
}

/** Offsets of what the format is made of: header, snapshot table, L1 and L2 tables. */
function structure(made: Made): number[] {
  const places = Array.from({ length: 112 }, (_, at) => at);
  for (const [start, length] of [
    [made.at.snapshots, 120] as const,
    ...made.at.l1.map((at) => [at, 64] as const),
    ...made.at.l2.map((at) => [at, 256] as const),
  ])
    for (let at = start; at < start + length; at += 1) places.push(at);
  return places.filter((at) => at < made.bytes.length);
}

describe('a damaged qcow2 image', () => {
  test('every image is read before it is damaged', async () => {
    for (const made of images) expect(['read', 'several-streams']).toContain((await attempt(made.bytes)).end);
  });

  test('prefixes', async () => {
    await fc.assert(
      fc.asyncProperty(image, fc.double({ min: 0, max: 1, noNaN: true }), async ({ bytes }, part) => {
        check(await attempt(bytes.subarray(0, Math.floor(bytes.length * part))));
      }),
      cases(150),
    );
  });

  test('one byte changed', async () => {
    const change = image.chain((made) =>
      fc.tuple(fc.constant(made), fc.constantFrom(...structure(made)), fc.integer({ min: 0, max: 255 })),
    );
    await fc.assert(
      fc.asyncProperty(change, async ([{ bytes }, at, value]) => {
        const copy = Buffer.from(bytes);
        copy[at] = value;
        check(await attempt(copy));
      }),
      cases(600),
    );
  });

  test('tables that lead anywhere: loops, overlaps, behind the end', async () => {
    const entries = image.chain((made) => {
      const places = [
        ...made.at.l1.flatMap((at) => Array.from({ length: 8 }, (_, i) => at + i * 8)),
        ...made.at.l2.flatMap((at) => Array.from({ length: 32 }, (_, i) => at + i * 8)),
        ...[8, 40, 48, 64, made.at.snapshots, made.at.snapshots + 40, made.at.snapshots + 48],
      ].filter((at) => at + 8 <= made.bytes.length);
      const anywhere = fc.oneof(
        fc.integer({ min: 0, max: made.bytes.length >> 9 }).map((cluster) => BigInt(cluster) << 9n),
        fc.constantFrom(...made.at.l1, ...made.at.l2, made.at.snapshots, 0).map(BigInt),
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      );
      const flags = fc.constantFrom(0n, 1n, 1n << 62n, 1n << 63n, 3n << 62n);
      return fc.tuple(
        fc.constant(made),
        fc.array(fc.tuple(fc.constantFrom(...places), anywhere, flags), { minLength: 1, maxLength: 6 }),
      );
    });
    await fc.assert(
      fc.asyncProperty(entries, async ([{ bytes }, changes]) => {
        const copy = Buffer.from(bytes);
        for (const [at, value, flag] of changes) copy.writeBigUInt64BE((value | flag) & ((1n << 64n) - 1n), at);
        check(await attempt(copy));
      }),
      cases(500),
    );
  });

  test('random structure behind a header', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 8, max: 22 }),
        fc.constantFrom(2, 3),
        fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 24, maxLength: 24 }),
        fc.uint8Array({ minLength: 0, maxLength: 8192 }),
        async (clusterBits, version, words, rest) => {
          const bytes = Buffer.alloc(120 + rest.length);
          // Small numbers more often than large ones: those are refused at once.
          words.forEach((word, i) => bytes.writeUInt32BE(i % 2 === 0 ? word >>> 28 : word >>> (word & 31), 8 + i * 4));
          bytes.write('QFI\xfb', 0, 'latin1');
          bytes.writeUInt32BE(version, 4);
          bytes.writeUInt32BE(clusterBits, 20);
          bytes.set(rest, 120);
          check(await attempt(bytes));
        },
      ),
      cases(300),
    );
  });
});
