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
