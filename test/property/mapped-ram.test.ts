// Whatever a mapped-ram file holds, reading its guest memory gives every page or one typed error with an offset: cut
// anywhere, one byte changed in the list and its bitmaps, any words in a block's header. Never a hang, and never more
// reads than the file is worth.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorCodes, MigrationStreamError } from '../../src/base/errors.js';
import { inflate } from '../../src/bytes/node/inflate.js';
import { memorySource } from '../../src/bytes/source.js';
import { openGuestMemory } from '../../src/open/guest-memory.js';
import { fixtureBytes } from '../support/fixtures.js';
import { cases } from '../support/seed.js';
import { countingSource } from '../support/sources.js';

const files = ['10.0.13-mapped-ram', '11.1.3-mapped-ram', '11.1.3-mapped-ram-ignore-shared'].map((name) => {
  const bytes = Buffer.from(fixtureBytes(name));
  const headers: number[] = [];
  // The header of a block: version 1, page size 4096. QEMU: struct MappedRamHeader.
  const mark = Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 16, 0]);
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) headers.push(at);
  return { bytes, headers };
});
const file = fc.constantFrom(...files);

/** The number of pages that came, and the code of the error. */
async function readPages(bytes: Uint8Array): Promise<{ pages: number; code: string | undefined }> {
  const source = countingSource(memorySource(bytes));
  let pages = 0;
  try {
    const memory = await openGuestMemory(source, { inflate });
    for (const [block] of memory.blocks.entries())
      for await (const runs of memory.pages(block, false))
        for (let i = 0; i < runs.count; i += 1) pages += runs.pages[i]!;
    return { pages, code: undefined };
  } catch (error) {
    if (!(error instanceof MigrationStreamError)) throw error;
    expect(errorCodes).toContain(error.code);
    expect(error.offset, error.message).toBeLessThanOrEqual(bytes.length);
    return { pages, code: error.code };
  } finally {
    const got = source.reads.reduce((sum, read) => sum + read.got, 0);
    expect(got).toBeLessThanOrEqual(8 * bytes.length + (1 << 20));
    expect(source.reads.length).toBeLessThan(4000);
  }
}

test('as they are: every page', async () => {
  for (const { bytes, headers } of files) {
    expect(headers.length).toBeGreaterThan(0);
    const { pages, code } = await readPages(bytes);
    expect([pages > 0, code]).toEqual([true, undefined]);
  }
});

test('cut anywhere', () =>
  fc.assert(
    fc.asyncProperty(file, fc.nat(), async ({ bytes }, at) => {
      const { code } = await readPages(bytes.subarray(0, at % bytes.length));
      // A cut behind the EOF byte is no error.
      expect([undefined, 'truncated', 'not-a-stream']).toContain(code);
    }),
    cases(40),
  ));

test('one byte changed in the list, a header or a bitmap', () =>
  fc.assert(
    fc.asyncProperty(file, fc.nat(), fc.integer({ min: 1, max: 255 }), async ({ bytes, headers }, at, by) => {
      const copy = Buffer.from(bytes);
      const end = Math.min(copy.length, headers.at(-1)! + 28 + 1024);
      copy[at % end]! ^= by;
      await readPages(copy);
    }),
    cases(120),
  ));

test('any words in a header', () => {
  const word = fc.oneof(
    fc.bigInt({ min: 0n, max: 0xffffn }),
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    fc.constantFrom(0n, 1n, 4096n, 1n << 20n, (1n << 63n) - 1n, (1n << 53n) + 1n),
  );
  return fc.assert(
    fc.asyncProperty(file, fc.nat(), fc.array(word, { minLength: 3, maxLength: 3 }), async (chosen, which, words) => {
      const copy = Buffer.from(chosen.bytes);
      const at = chosen.headers[which % chosen.headers.length]!;
      for (const [i, value] of words.entries()) if (which & (1 << i)) copy.writeBigUInt64BE(value, at + 4 + 8 * i);
      await readPages(copy);
    }),
    cases(120),
  );
});
