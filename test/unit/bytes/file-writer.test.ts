// Early syncs of a file that is written: what the disk says of what it has taken must be heard, though nobody waits.
import { mkdtempSync, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileWriter } from '../../../src/bytes/node/file-writer.js';

let folder: string;
let handle: FileHandle;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mstream-writer-'));
  handle = await open(join(folder, 'out'), 'wx');
});
afterEach(async () => {
  await handle.close().catch(() => {});
  rmSync(folder, { recursive: true });
});

const chunk = new Uint8Array(16 * 1024 * 1024);

/** The real file, whose disk answers as `answer` does; how often it was asked. */
function withDisk(answer: () => Promise<void>): { asked: number } {
  const count = { asked: 0 };
  handle.datasync = () => {
    count.asked += 1;
    return answer();
  };
  return count;
}

describe('early syncs', () => {
  it('come while a large file is written, one at a time', async () => {
    let release = (): void => {};
    const count = withDisk(() => new Promise((done) => (release = done)));
    const writer = openFileWriter(handle, 'out', false);
    for (let i = 0; i < 6; i += 1) await writer.write(chunk);
    expect(count.asked).toBe(1);
    release();
    await writer.write(chunk);
    expect(count.asked).toBe(2);
    release();
    await writer.commit();
  });

  it('do not come for a small one, nor for a pipe', async () => {
    const count = withDisk(() => Promise.resolve());
    await openFileWriter(handle, 'out', false).write(chunk);
    const pipe = openFileWriter(handle, 'out', true);
    for (let i = 0; i < 3; i += 1) await pipe.write(chunk);
    expect(count.asked).toBe(0);
  });

  it('fail the next write when the disk failed, and the commit when there is none', async () => {
    withDisk(() => Promise.reject(Object.assign(new Error('i/o error'), { code: 'EIO' })));
    const writer = openFileWriter(handle, 'out', false);
    await writer.write(chunk);
    await writer.write(chunk);
    await expect(writer.commit()).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('cannot write out') as string,
    });
    await expect(writer.write(chunk)).rejects.toMatchObject({ code: 'io' });
    await writer.abort();
  });
});
