// Page tables that are hostile: loops, tables outside of memory, addresses that are not canonical. Searches end.
import { describe, expect, test } from 'vitest';
import { inflate } from '../../../src/bytes/node/inflate.js';
import { memorySource } from '../../../src/bytes/source.js';
import { findPhysical, findVirtual, portableSearch } from '../../../src/memory/find.js';
import { TableReader, VIRTUAL_END, type AddressSpace } from '../../../src/memory/paging/address-space.js';
import { x86Space } from '../../../src/memory/paging/x86.js';
import { PhysicalReader } from '../../../src/memory/physical-reader.js';
import { physicalSource, virtualSource } from '../../../src/memory/sources.js';
import { VirtualReader } from '../../../src/memory/virtual-reader.js';
import { searchBytes } from '../../../src/bytes/node/search.js';
import type { Cpu } from '../../../src/memory/cpu.js';
import { openGuest } from '../../../src/ops/guest/guest.js';
import { viewMemory } from '../../../src/ops/mem/view.js';
import { fixtureBytes } from '../../support/fixtures.js';

const guest = await openGuest(memorySource(fixtureBytes('11.1.3-plain')), { inflate });
const { physical } = viewMemory(guest);

/** Registers of a CPU in long mode, whose root is the page at `cr3`. */
function cpu(cr3: bigint, cr4 = 0x20n): Cpu {
  const values: Record<string, bigint> = {
    'env.cr[0]': 0x8000_0001n,
    'env.cr[3]': cr3,
    'env.cr[4]': cr4,
    'env.efer': 0x500n,
  };
  return { get: (path: string) => values[path]!, maybe: (path: string) => values[path] } as unknown as Cpu;
}

/** Memory of one page, whose entries all are `entry`. */
function filled(entry: bigint): TableReader {
  const page = new DataView(new ArrayBuffer(4096));
  for (let at = 0; at < 4096; at += 8) page.setBigUint64(at, entry, true);
  const reader = {
    async read(address: number, into: Uint8Array) {
      into.set(new Uint8Array(page.buffer));
      return address < 0x2000;
    },
  };
  return new TableReader(reader as unknown as PhysicalReader);
}

describe('tables', () => {
  test('that point to themselves end after their levels', async () => {
    for (const cr4 of [0x20n, 0x1020n]) {
      const space = x86Space(cpu(0x1000n, cr4), filled(0x1003n));
      expect(await space.translate(0x1234n)).toEqual({ physical: 0x1234, room: 0x1000n - 0x234n });
      expect(await space.translate(VIRTUAL_END - 1n)).toEqual({ physical: 0x1fff, room: 1n });
    }
  });

  test('outside of memory are holes', async () => {
    const space = x86Space(cpu(0x7_ffff_f000n), filled(0x1003n));
    expect(await space.translate(0n)).toEqual({ physical: undefined, room: 1n << 39n });
  });

  test('between the canonical halves there is one hole', async () => {
    const space = x86Space(cpu(0x1000n), filled(0n));
    expect(await space.translate(1n << 47n)).toEqual({ physical: undefined, room: VIRTUAL_END - (1n << 48n) });
  });
});

describe('a search', () => {
  const looping = x86Space(cpu(0x1000n), filled(0x1003n));

  test('of an address space that loops stops at its limit', async () => {
    let steps = 0;
    const counted: AddressSpace = {
      name: 'loop',
      translate: async (address) => {
        steps += 1;
        return steps % 2 === 0 ? looping.translate(address) : { physical: undefined, room: 1n };
      },
    };
    const hits = findVirtual(guest.memory, [], counted, { start: 0n, end: 5000n }, Uint8Array.of(1), portableSearch);
    for await (const hit of hits) expect(hit).toBe(-1n);
    // A hole of one byte, then the rest of the page.
    expect(steps).toBe(4);
  });

  test('finds what reads find, at seams and in zeros, however it searches', async () => {
    const whole = Buffer.alloc(0x20_0000);
    await physical.read(0, whole);
    const patterns = [
      whole.subarray(0x10000, 0x10008),
      whole.subarray(0x1fffe, 0x20002),
      whole.subarray(0xfffec, 0xffff8),
      Buffer.from([0x52]),
      Buffer.concat([Buffer.alloc(64), whole.subarray(0x10000, 0x10004)]),
      Buffer.concat([whole.subarray(0x1fffc, 0x20000), Buffer.alloc(70)]),
    ];
    for (const pattern of patterns) {
      const wanted: number[] = [];
      for (let at = whole.indexOf(pattern); at >= 0; at = whole.indexOf(pattern, at + 1)) wanted.push(at);
      for (const search of [portableSearch, searchBytes]) {
        const found: number[] = [];
        for await (const hit of findPhysical(guest.memory, physical.ranges, pattern, search))
          if (hit + BigInt(pattern.length) <= 0x20_0000n) found.push(Number(hit));
        expect(found).toEqual(wanted);
      }
    }
  });
});

test('memory as sources', async () => {
  const source = physicalSource(physical);
  expect(source.size).toBe(2 ** 32);
  const [first, second] = [new Uint8Array(16), new Uint8Array(16)];
  // Reads that overlap in time.
  await Promise.all([source.read(first, 0x10000), source.read(second, 0x1fff8)]);
  expect(Buffer.from(first).readUInt32LE()).toBe(0x4d535452);
  expect(second.subarray(8).every((byte) => byte === 0)).toBe(true);
  expect(await source.read(first, 2 ** 32 - 4)).toBe(4);
  expect(await source.read(first, 2 ** 32)).toBe(0);
  // This guest runs without paging: its virtual addresses are the physical ones.
  const { virtual } = viewMemory(guest, { cpu: 0 });
  const high = virtualSource(virtual!, 0x10000n, 8);
  expect(await high.read(first, 0)).toBe(8);
  expect(Buffer.from(first).readUInt32LE()).toBe(0x4d535452);
  expect(await new VirtualReader(virtual!.space, physical).read(VIRTUAL_END - 4n, first)).toBe(false);
});
