// Rewriting real captures: round trips give the same bytes again, and each edit changes what it says and nothing else.
import { Refused } from '../../../src/base/refused.js';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { inflate } from '../../../src/bytes/node/inflate.js';
import { inspect } from '../../../src/ops/inspect.js';
import { memorySink, memorySource } from '../../../src/bytes/source.js';
import { openStream } from '../../../src/open/open-stream.js';
import type { Edit } from '../../../src/ops/rewrite/edit.js';
import { rewrite, type RewriteResult } from '../../../src/ops/rewrite/rewrite.js';

function fixture(name: string): Uint8Array {
  return gunzipSync(readFileSync(new URL(`../../../fixtures/streams/${name}/state.gz`, import.meta.url)));
}

async function edit(bytes: Uint8Array, ...edits: Edit[]): Promise<{ bytes: Uint8Array; result: RewriteResult }> {
  const sink = memorySink();
  const result = await rewrite(memorySource(bytes), sink, edits, { poison: true, inflate });
  return { bytes: sink.bytes(), result };
}

const reinspect = async (bytes: Uint8Array) => inspect(await openStream(bytes));

describe('identity', () => {
  test.each(['4.0.0-ignore-shared', '4.0.0-compress', '4.1.0-plain'])('%s is copied, not encoded', async (name) => {
    const before = fixture(name);
    const { bytes, result } = await edit(before);
    expect(Buffer.compare(bytes, before)).toBe(0);
    expect(result.bytesCopied).toBe(before.length);
    expect(result.changes).toBe(0);
  });
});

describe('the seed: 4.0 and 4.1', () => {
  test('4.0 to 4.1 drops one byte for each block, and back gives the same bytes', async () => {
    const before = fixture('4.0.0-ignore-shared');
    const there = await edit(before, { edit: 'to-dialect', dialect: '4.1' });
    expect(there.bytes.length).toBe(before.length - 6);
    expect((await reinspect(there.bytes)).dialect.layout?.value).toBe('ignore-shared-4.1');
    const back = await edit(there.bytes, { edit: 'to-dialect', dialect: '4.0' });
    expect(Buffer.compare(back.bytes, before)).toBe(0);
  });

  test('4.1 to 4.0 takes the ignored byte from which blocks have pages', async () => {
    const before = fixture('4.1.0-ignore-shared-2nodes');
    const there = await edit(before, { edit: 'to-dialect', dialect: '4.0' });
    const { blocks } = await reinspect(there.bytes);
    expect(blocks.filter((block) => block.ignored).map((block) => block.idstr)).toEqual(['mem0']);
    const back = await edit(there.bytes, { edit: 'to-dialect', dialect: '4.1' });
    expect(Buffer.compare(back.bytes, before)).toBe(0);
  });

  test('--ignored mem0=no changes exactly one byte', async () => {
    const before = fixture('4.0.0-ignore-shared');
    const { bytes, result } = await edit(before, { edit: 'ignored', block: 'mem0', ignored: false });
    const changed = [...before.keys()].filter((i) => before[i] !== bytes[i]);
    expect(bytes.length).toBe(before.length);
    expect(changed.map((i) => [i, before[i], bytes[i]])).toEqual([[0x7c, 1, 0]]);
    expect(result.changes).toBe(1);
  });

  test('bypass-shared-memory style and back', async () => {
    const before = fixture('4.1.0-ignore-shared');
    const there = await edit(before, { edit: 'to-dialect', dialect: 'plain' });
    const seen = await reinspect(there.bytes);
    expect(seen.capabilities).toBeUndefined();
    expect(seen.blocks[0]).toMatchObject({ idstr: 'mem0', ignored: undefined, sent: { absent: 512 } });
    const back = await edit(
      there.bytes,
      { edit: 'to-dialect', dialect: '4.1' },
      { edit: 'set-address', block: 'pc.bios', address: 0xffff0000n },
      { edit: 'set-address', block: 'pc.rom', address: 0xc0000n },
    );
    expect(Buffer.compare(back.bytes, before)).toBe(0);
  });
});

describe('names', () => {
  test('a block renamed there and back gives the same bytes', async () => {
    const before = fixture('4.0.0-plain');
    const there = await edit(before, { edit: 'rename-block', block: 'pc.ram', to: 'a much longer name than before' });
    const seen = await reinspect(there.bytes);
    expect(seen.error).toBeUndefined();
    expect(seen.blocks[0]).toMatchObject({ idstr: 'a much longer name than before', sent: { absent: 0 } });
    const back = await edit(there.bytes, {
      edit: 'rename-block',
      block: 'a much longer name than before',
      to: 'pc.ram',
    });
    expect(Buffer.compare(back.bytes, before)).toBe(0);
  });

  test('a section dropped leaves the stream and the vmdescription', async () => {
    const { bytes } = await edit(fixture('4.0.0-plain'), { edit: 'drop-section', idstr: 'i8259', instanceId: 1 });
    const stream = await openStream(bytes);
    expect(stream.description?.devices.filter((device) => device.name === 'i8259')).toHaveLength(1);
    const seen = await inspect(stream);
    expect(seen.error).toBeUndefined();
    expect(seen.warnings).toEqual([]);
    expect(seen.map.filter((row) => row.section?.idstr === 'i8259')).toHaveLength(1);
  });

  test('an edit that matches nothing is an error, and nothing is left', async () => {
    const sink = memorySink();
    await expect(
      rewrite(memorySource(fixture('4.0.0-plain')), sink, [{ edit: 'rename-block', block: 'mem9', to: 'x' }]),
    ).rejects.toMatchObject({ name: 'Refused', code: 'no-match' });
    expect(sink.bytes().length).toBe(0);
  });

  test('two edits that contradict each other', async () => {
    await expect(
      rewrite(memorySource(new Uint8Array(0)), memorySink(), [
        { edit: 'machine', name: 'a' },
        { edit: 'machine', name: 'b' },
      ]),
    ).rejects.toBeInstanceOf(Refused);
  });
});

describe('compaction', () => {
  test.each(['4.0.0-live-xbzrle', '4.0.0-compress', '4.0.0-plain'])(
    '%s keeps each page once, and the memory is the same',
    async (name) => {
      const before = fixture(name);
      const compact = await edit(before, { edit: 'compact' });
      const seen = await reinspect(compact.bytes);
      expect(seen.error).toBeUndefined();
      for (const block of seen.blocks)
        expect(block.sent, block.idstr).toMatchObject({ resent: 0, absent: 0, xbzrle: 0, compressed: 0 });
      const [a, b] = [memoryFile(), memoryFile()];
      await edit(before, { edit: 'externalize', block: 'pc.ram', memory: a.target });
      await edit(compact.bytes, { edit: 'externalize', block: 'pc.ram', memory: b.target });
      expect(a.bytes().length).toBe(2 * 1024 * 1024);
      expect(Buffer.compare(a.bytes(), b.bytes())).toBe(0);
      const twice = await edit(compact.bytes, { edit: 'compact' });
      expect(Buffer.compare(twice.bytes, compact.bytes)).toBe(0);
    },
  );
});

describe('memory out and in', () => {
  test('externalize gives the memory, inline gives it back', async () => {
    const before = fixture('4.0.0-plain');
    const memory = memoryFile();
    const template = await edit(before, { edit: 'externalize', block: 'pc.ram', memory: memory.target });
    const seen = await reinspect(template.bytes);
    expect(seen.error).toBeUndefined();
    expect(seen.capabilities).toEqual(['x-ignore-shared']);
    expect(seen.dialect.layout?.value).toBe('ignore-shared-4.1');
    expect(seen.blocks[0]).toMatchObject({ idstr: 'pc.ram', ignored: true });
    const whole = await edit(template.bytes, { edit: 'inline', block: 'pc.ram', memory: memory.origin });
    const again = await reinspect(whole.bytes);
    expect(again.capabilities).toBeUndefined();
    expect(again.blocks[0]).toMatchObject({ idstr: 'pc.ram', ignored: false, sent: { absent: 0, resent: 0 } });
    const memory2 = memoryFile();
    await edit(whole.bytes, { edit: 'externalize', block: 'pc.ram', memory: memory2.target });
    expect(Buffer.compare(memory.bytes(), memory2.bytes())).toBe(0);
  });
});

function memoryFile() {
  let content = new Uint8Array(0);
  return {
    bytes: () => content,
    target: {
      label: 'memory',
      open: async (length: number) => void (content = new Uint8Array(length).fill(0)),
      write: async (bytes: Uint8Array, at: number) => content.set(bytes, at),
      read: async (into: Uint8Array, at: number) => into.set(content.subarray(at, at + into.length)),
      zero: async (at: number, length: number) => void content.fill(0, at, at + length),
      commit: async () => {},
      abort: async () => {},
    },
    origin: {
      label: 'memory',
      get size() {
        return content.length;
      },
      read: async (into: Uint8Array, at: number) => {
        const part = content.subarray(at, at + into.length);
        into.set(part);
        return part.length;
      },
    },
  };
}
