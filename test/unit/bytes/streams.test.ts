// Standard input and output, and gunzip: sources and sinks made of node streams.
import { randomBytes } from 'node:crypto';
import { PassThrough, Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { gunzipSource } from '../../../src/bytes/node/gunzip-source.js';
import { readableSource } from '../../../src/bytes/node/readable-source.js';
import { stdinSource, stdoutSink, writableSink } from '../../../src/bytes/node/stdio.js';
import { OutputClosed } from '../../../src/bytes/output-closed.js';
import { memorySource, type ByteSource } from '../../../src/bytes/source.js';

async function readAll(source: ByteSource, step = 10_000): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const into = Buffer.alloc(step);
    const got = await source.read(into, at);
    if (got === 0) return Buffer.concat(parts);
    parts.push(into.subarray(0, got));
    at += got;
  }
}

describe('readableSource', () => {
  it('gives every byte once, whatever the chunks', async () => {
    const stream = new PassThrough();
    const bytes = randomBytes(50_000);
    const reading = readAll(readableSource(stream, 'x'), 333);
    for (let at = 0; at < bytes.length; at += 7001) stream.write(bytes.subarray(at, at + 7001));
    stream.end();
    expect((await reading).equals(bytes)).toBe(true);
  });

  it('ends a waiting read when it is closed', async () => {
    const source = readableSource(new PassThrough(), 'x');
    const reading = source.read(new Uint8Array(10), 0);
    await source.close();
    await source.close();
    expect(await reading).toBe(0);
  });

  it('tells the stream’s error after what came before it', async () => {
    const stream = new PassThrough();
    const source = readableSource(stream, 'x');
    stream.write('abc');
    expect(await source.read(new Uint8Array(10), 0)).toBe(3);
    stream.destroy(new Error('EIO: i/o error, read'));
    await expect(source.read(new Uint8Array(10), 3)).rejects.toMatchObject({
      code: 'io',
      offset: 3,
      message: 'cannot read x: i/o error',
    });
  });
});

describe('stdio', () => {
  it('refuses terminals', () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    expect(() => stdinSource(terminal)).toThrow('stdin is a terminal');
    expect(() => stdoutSink(terminal)).toThrow('stdout is a terminal');
  });

  it('waits for the bytes to be taken', async () => {
    let release = (): void => {};
    const seen: number[] = [];
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        seen.push(chunk.length);
        release = done;
      },
    });
    const sink = writableSink(slow, 'x');
    let settled = false;
    const writing = sink.write(new Uint8Array(5)).then(() => (settled = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect([seen, settled]).toEqual([[5], false]);
    release();
    await writing;
  });

  it('writes zeros for holes', async () => {
    const stream = new PassThrough({ highWaterMark: 1 << 20 });
    const sink = writableSink(stream, 'x');
    await sink.write(Uint8Array.of(1));
    await sink.skip(100_000);
    await sink.commit();
    expect((stream.read() as Buffer).equals(Buffer.concat([Buffer.of(1), Buffer.alloc(100_000)]))).toBe(true);
  });

  it('tells a reader who has gone from a full disk', async () => {
    const broken = (code: string): Writable =>
      new Writable({
        write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${code}: oh, write`), { code })),
      });
    await expect(writableSink(broken('EPIPE'), 'x').write(new Uint8Array(1))).rejects.toBeInstanceOf(OutputClosed);
    const full = writableSink(broken('ENOSPC'), 'x');
    await expect(full.write(new Uint8Array(1))).rejects.toMatchObject({ code: 'io', message: 'cannot write x: oh' });
    await expect(full.write(new Uint8Array(1))).rejects.toMatchObject({ code: 'io' });
    await expect(full.commit()).rejects.toMatchObject({ code: 'io' });
  });
});

describe('gunzipSource', () => {
  const bytes = Buffer.concat([randomBytes(300_000), Buffer.alloc(3_000_000)]);

  it('unpacks, members one after the other, and forward only', async () => {
    const source = gunzipSource(memorySource(Buffer.concat([gzipSync(bytes), gzipSync('more')]), 'x.gz'));
    expect(source).toMatchObject({ label: 'x.gz', size: undefined, seekable: false });
    expect((await readAll(source)).equals(Buffer.concat([bytes, Buffer.from('more')]))).toBe(true);
    await expect(source.read(new Uint8Array(1), 0)).rejects.toMatchObject({ code: 'not-seekable' });
    await source.close();
  });

  it.each([
    ['damaged', 'bad-container', Buffer.from(gzipSync(bytes)).fill(0x55, 1000, 1100)],
    ['no gzip at all', 'bad-container', Buffer.from('hello, this is text')],
  ])('says that it is %s', async (_what, code, packed) => {
    const source = gunzipSource(memorySource(packed, 'x.gz'));
    await expect(readAll(source)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/^the gzip data /) as string,
    });
    await source.close();
  });

  it.each([
    ['in the data', 200_000],
    ['before the checksum', -8],
    ['in the length behind it', -1],
  ])('cut %s: every byte before, then the error', async (_what, cut) => {
    const source = gunzipSource(memorySource(gzipSync(bytes).subarray(0, cut), 'x.gz'));
    const plain: Uint8Array[] = [];
    let at = 0;
    const rest = async (): Promise<void> => {
      for (const part = new Uint8Array(70_000); ;) {
        const got = await source.read(part, at);
        if (got === 0) return;
        plain.push(part.slice(0, got));
        at += got;
      }
    };
    await expect(rest()).rejects.toMatchObject({ code: 'truncated', message: 'the gzip data ends too early' });
    expect(at).toBeGreaterThan(cut > 0 ? 190_000 : bytes.length - 1);
    expect(bytes.subarray(0, at).equals(Buffer.concat(plain))).toBe(true);
    await source.close();
  });

  it('whose checksum is wrong is damaged; zeros behind it are nothing', async () => {
    const packed = gzipSync(bytes);
    const padded = gunzipSource(memorySource(Buffer.concat([packed, Buffer.alloc(700_000)]), 'x.gz'));
    expect((await readAll(padded)).equals(bytes)).toBe(true);
    await padded.close();
    packed[packed.length - 8]! ^= 1;
    const source = gunzipSource(memorySource(packed, 'x.gz'));
    await expect(readAll(source)).rejects.toMatchObject({ code: 'bad-container' });
    await source.close();
  });

  it('reads no further than it must, closes the outer source once, and reports its errors', async () => {
    let read = 0;
    let closed = 0;
    const packed = gzipSync(randomBytes(8_000_000));
    const outer: ByteSource = {
      ...memorySource(packed, 'x.gz'),
      read: async (into, at) => {
        if (at > 4_000_000) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
        read = at + into.length;
        into.set(packed.subarray(at, at + into.length));
        return into.length;
      },
      close: async () => void (closed += 1),
    };
    const source = gunzipSource(outer);
    await source.read(new Uint8Array(100), 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(read).toBeLessThan(1_000_000);
    let at = 100;
    const rest = async (): Promise<void> => {
      for (;;) at += await source.read(new Uint8Array(100_000), at);
    };
    await expect(rest()).rejects.toMatchObject({ code: 'io', message: 'cannot read x.gz: EIO: i/o error, read' });
    await source.close();
    await source.close();
    expect(closed).toBe(1);
  });
});
