// Files as sources, with real files: positional reads, FIFOs, and what cannot be read.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFile } from '../../../src/bytes/node/file-source.js';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'mstream-source-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 0xff);

describe('openFile', () => {
  it('reads anywhere, many at once, and is short only at the end', async () => {
    const path = join(folder, 'plain');
    writeFileSync(path, bytes);
    const source = await openFile(path);
    expect(source).toMatchObject({ label: path, size: bytes.length, seekable: true });
    const parts = [0, 99_999, 299_990, 300_000].map((at) => ({ at, into: new Uint8Array(1000) }));
    const got = await Promise.all(parts.map(({ at, into }) => source.read(into, at)));
    expect(got).toEqual([1000, 1000, 10, 0]);
    parts.forEach(({ at, into }, i) => expect(into.subarray(0, got[i])).toEqual(bytes.subarray(at, at + got[i]!)));
    await source.close();
  });

  it('gives fewer bytes when the file has shrunk since', async () => {
    const path = join(folder, 'shrinks');
    writeFileSync(path, bytes);
    const source = await openFile(path);
    truncateSync(path, 50);
    expect(await source.read(new Uint8Array(100), 0)).toBe(50);
    await source.close();
  });

  it('reads a FIFO forward only', async () => {
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    const writing = import('node:fs/promises').then((fs) => fs.writeFile(path, bytes.subarray(0, 5000)));
    const source = await openFile(path);
    expect(source).toMatchObject({ size: undefined, seekable: false });
    const all: number[] = [];
    for (;;) {
      const into = new Uint8Array(3000);
      const got = await source.read(into, all.length);
      if (got === 0) break;
      all.push(...into.subarray(0, got));
    }
    await writing;
    expect(Uint8Array.from(all)).toEqual(bytes.subarray(0, 5000));
    await expect(source.read(new Uint8Array(1), 0)).rejects.toMatchObject({ code: 'not-seekable', offset: 0 });
    await source.close();
  });

  it.each([
    ['nothing', /cannot open .*nothing: no such file or directory$/],
    ['.', /it is a directory$/],
  ])('refuses %s with one line', async (name, message) => {
    await expect(openFile(join(folder, name))).rejects.toMatchObject({
      name: 'MigrationStreamError',
      code: 'io',
      message: expect.stringMatching(message) as string,
    });
  });

  it('says which file cannot be read, and where', async () => {
    const source = await openFile('/proc/self/mem');
    await expect(openFileRead(source, 16)).rejects.toMatchObject({
      code: 'io',
      offset: 16,
      message: expect.stringMatching(/^cannot read \/proc\/self\/mem: /) as string,
    });
    await source.close();
  });
});

function openFileRead(source: Awaited<ReturnType<typeof openFile>>, at: number): Promise<number> {
  return source.read(new Uint8Array(16), at);
}
