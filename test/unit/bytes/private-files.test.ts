// Files that hold guest memory are for nobody but their owner, whatever the umask; and a failure to write is told apart
// from a failure to read.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openFileSink } from '../../../src/bytes/node/file-sink.js';
import { openFile } from '../../../src/bytes/node/file-source.js';
import { memoryFile } from '../../../src/bytes/node/memory-file.js';

const folder = mkdtempSync(join(tmpdir(), 'mstream-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// The usual one: files would be 0644, folders 0755.
const umask = process.umask(0o022);
afterAll(() => void process.umask(umask));
const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('a stream and a memory file are made 0600', async () => {
  const sink = await openFileSink(join(folder, 'state'));
  await sink.write(Uint8Array.of(1));
  expect(modeOf(sink.staged!)).toBe(0o600);
  await sink.commit();
  const memory = memoryFile(join(folder, 'memory'), false);
  await memory.open(4096);
  await memory.commit();
  expect([modeOf(join(folder, 'state')), modeOf(join(folder, 'memory'))]).toEqual([0o600, 0o600]);
});

test('what cannot be written is an error of the output, what cannot be read is not', async () => {
  await expect(openFileSink(join(folder, 'none', 'state'))).rejects.toMatchObject({ code: 'io', output: true });
  await expect(openFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'io', output: false });
  const closed = join(folder, 'closed');
  mkdirSync(closed);
  chmodSync(closed, 0o500);
  // The superuser may write everywhere.
  if (process.getuid?.() !== 0)
    await expect(openFileSink(join(closed, 'state'))).rejects.toMatchObject({ code: 'io', output: true });
  if (!existsSync('/dev/full')) return;
  const full = await openFileSink('/dev/full');
  await expect(full.write(new Uint8Array(1 << 20)).then(() => full.commit())).rejects.toMatchObject({ output: true });
  await full.abort();
});
