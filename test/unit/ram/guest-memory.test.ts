// Guest memory read at random equals the records replayed in order, page by page, with nothing shared but the delta
// decoder; and a mapped-ram file reads like the plain save of the same VM.
import { describe, expect, test } from 'vitest';
import { inflate } from '../../../src/bytes/node/inflate.js';
import { forwardSource, memorySource } from '../../../src/bytes/source.js';
import { openGuestMemory } from '../../../src/open/guest-memory.js';
import { openStream } from '../../../src/open/open-stream.js';
import type { GuestMemory } from '../../../src/ram/guest-memory.js';
import { pageKind } from '../../../src/ram/page-runs.js';
import { applyXbzrle } from '../../../src/ram/xbzrle.js';
import { fixtureBytes, fixtureNames } from '../../support/fixtures.js';
import { countingSource } from '../../support/sources.js';

/** Every block as one buffer, records applied as they come. */
async function replayed(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const stream = await openStream(bytes);
  const memory = new Map<string, Uint8Array>();
  for await (const event of stream.events()) {
    if (event.kind === 'ram-blocks')
      for (const block of event.blocks) memory.set(block.idstr, new Uint8Array(block.usedLength));
    if (event.kind !== 'pages') continue;
    const { runs } = event;
    for (let i = 0; i < runs.count; i += 1) {
      for (let k = 0; k < runs.pages[i]!; k += 1) {
        const at = runs.addr[i]! + k * runs.pageSize;
        const page = memory.get(runs.blocks[runs.block[i]!]!.idstr)!.subarray(at, at + runs.pageSize);
        const body = runs.bytes.subarray(runs.bodyAt(i, k), runs.bodyAt(i, k) + runs.length[i]!);
        if (runs.kind[i] === pageKind.zero) page.fill(runs.fill[i]!);
        else if (runs.kind[i] === pageKind.page) page.set(body);
        else if (runs.kind[i] === pageKind.xbzrle) expect(applyXbzrle(body, page)).toBe(true);
        else page.set(inflate(body, runs.pageSize)!);
      }
    }
  }
  await stream.close();
  return memory;
}

async function whole(memory: GuestMemory, block: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(memory.blocks[block]!.usedLength);
  await memory.read(block, 0, bytes);
  return bytes;
}

const live = fixtureNames.filter((name) => /xbzrle|-live$|compress|-plain$|10.0.13-aarch64-virt$/.test(name));

describe.each(live)('%s', (name) => {
  test('is what its records say, page by page', async () => {
    const bytes = fixtureBytes(name);
    const expected = await replayed(bytes);
    const source = countingSource(memorySource(bytes));
    const memory = await openGuestMemory(source, { inflate });
    for (const [block, { idstr }] of memory.blocks.entries()) {
      expect(Buffer.compare(await whole(memory, block), expected.get(idstr)!), idstr).toBe(0);
      const collected = new Uint8Array(memory.blocks[block]!.usedLength);
      for await (const runs of memory.pages(block, true)) {
        for (let i = 0; i < runs.count; i += 1) {
          if (runs.kind[i] !== pageKind.page) continue;
          const size = runs.pages[i]! * runs.pageSize;
          collected.set(runs.bytes.subarray(runs.body[i]!, runs.body[i]! + size), runs.addr[i]!);
        }
      }
      expect(Buffer.compare(collected, expected.get(idstr)!), idstr).toBe(0);
    }
  });
});

test('deltas were met', () => expect(live.filter((name) => name.includes('xbzrle')).length).toBeGreaterThan(3));

test.each(['10.0.13', '11.1.3'])('%s: a mapped-ram file reads like the plain save', async (version) => {
  const plain = await openGuestMemory(memorySource(fixtureBytes(`${version}-plain`)), { inflate });
  for (const kind of ['mapped-ram', 'mapped-ram-multifd']) {
    const mapped = await openGuestMemory(memorySource(fixtureBytes(`${version}-${kind}`)), { inflate });
    const names = mapped.blocks.map(({ idstr }) => idstr);
    expect(names).toEqual(plain.blocks.map(({ idstr }) => idstr));
    for (const [block, idstr] of names.entries()) {
      const [one, other] = [await whole(plain, block), await whole(mapped, block)];
      // The guest counts on between two saves: its counter and its stack are in one page of pc.ram.
      let different = 0;
      for (let at = 0; at < one.length; at += 4096)
        if (Buffer.compare(one.subarray(at, at + 4096), other.subarray(at, at + 4096)) !== 0) different += 1;
      expect(different, `${kind} ${idstr}`).toBeLessThanOrEqual(idstr === 'pc.ram' ? 3 : 0);
    }
  }
});

test('a pipe is refused, and told what helps', async () => {
  const pipe = forwardSource(memorySource(fixtureBytes('10.0.13-live-xbzrle')));
  await expect(openGuestMemory(pipe, { inflate })).rejects.toMatchObject({
    code: 'not-seekable',
    hint: { code: 'spool' },
  });
});

/** A guest of `pages` pages, each sent whole, then `rounds` times as a delta of four bytes. */
function sentAgain(pages: number, rounds: number): Buffer {
  const be = (...fields: (readonly [size: 1 | 2 | 4 | 8, value: number])[]): Buffer =>
    Buffer.concat(fields.map(([size, value]) => Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex')));
  const text = (value: string): Buffer => Buffer.concat([be([1, value.length]), Buffer.from(value)]);
  const end = be([8, 0x10], [1, 0x7e], [4, 2]);
  const parts = [Buffer.from('QEVM'), be([4, 3], [1, 1], [4, 2]), text('ram'), be([4, 0], [4, 4])];
  parts.push(be([8, pages * 4096 + 4]), text('pc.ram'), be([8, pages * 4096]), end, be([1, 3], [4, 2]));
  for (let page = 0; page < pages; page += 1) {
    parts.push(be([8, page * 4096 + (page === 0 ? 0x08 : 0x28)]), page === 0 ? text('pc.ram') : Buffer.alloc(0));
    parts.push(Buffer.alloc(4096, 0x5a));
  }
  for (let round = 0; round < rounds; round += 1)
    for (let page = 0; page < pages; page += 1)
      parts.push(be([8, page * 4096 + 0x60], [1, 1], [2, 6], [1, 4 * round], [1, 4], [4, page]));
  return Buffer.concat([...parts, end, Buffer.of(0)]);
}

test('deltas of many rounds: each round is read in order', async () => {
  const [pages, rounds] = [4096, 20];
  const bytes = sentAgain(pages, rounds);
  const source = countingSource(memorySource(bytes));
  const memory = await openGuestMemory(source, { inflate });
  const before = source.reads.length;
  const page = Buffer.alloc(4096);
  for (const n of Array.from({ length: pages }, (_, i) => i)) {
    await memory.read(0, n, page);
    expect(page.readUInt32BE(4 * (n % rounds))).toBe(n);
    expect(page[4 * rounds]).toBe(0x5a);
  }
  // 128 KiB at once of the 17 MB of whole pages and the 1.5 MB of deltas.
  expect(source.reads.length - before).toBeLessThan(220);
});
