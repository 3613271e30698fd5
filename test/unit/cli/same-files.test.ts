// What is read is never written: a state inside of an image, links, the file of --schema-from.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { memorySink, memorySource } from '../../../src/bytes/source.js';
import { refuseSameFiles } from '../../../src/cli/same-files.js';
import { UsageError } from '../../../src/cli/usage-error.js';
import { writeFreshImage } from '../../../src/container/qcow2/write-fresh.js';
import { mstream } from '../../support/fake-host.js';
import { fixtureBytes } from '../../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'mstream-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const host = { cwd: folder };

describe('files on a disk', () => {
  for (const name of ['disk', 'whole', 'whole#s1']) writeFileSync(join(folder, name), name);
  symlinkSync('disk', join(folder, 'link'));
  mkdirSync(join(folder, 'folder#s1'));
  writeFileSync(join(folder, 'folder'), 'a file beside it');

  test.each([
    ['a snapshot, and its image', 'disk#s1', 'disk', 'disk is read'],
    ['by another path', './disk#s1', join(folder, 'disk'), './disk is read'],
    ['by a link', 'link#s1', 'disk', 'link is read'],
    ['with # in the tag', 'disk#a#b', 'disk', 'disk is read'],
    ['nothing behind the #', 'disk#', 'disk', 'disk is read'],
    ['a folder has the whole name', 'folder#s1', 'folder', 'folder is read'],
    ['a file has the whole name', 'whole#s1', 'whole#s1', 'whole#s1 is read'],
  ])('%s', async (_, read, written, words) => {
    const refusal = refuseSameFiles(host, [read], [written]);
    await expect(refusal).rejects.toThrow(UsageError);
    await expect(refusal).rejects.toThrow(words);
  });

  test.each([
    ['a file with the whole name is read, not the one before the #', 'whole#s1', 'whole'],
    ['an image beside it', 'disk#s1', 'whole'],
    ['a new file', 'disk#s1', 'disk#s2'],
  ])('%s', async (_, read, written) => {
    await expect(refuseSameFiles(host, [read], [written])).resolves.toBeUndefined();
  });
});

describe('the commands', () => {
  test.each([
    ['rewrite', 'disk.qcow2#s1', '-o', 'disk.qcow2', '--force'],
    ['decode', 'disk.qcow2#s1', '-o', 'disk.qcow2', '--ram', 'x', '--force'],
    ['transplant', 'disk.qcow2#s1', '-o', 'disk.qcow2', '--onto', 'state', '--force'],
    ['rewrite', 'state', '--schema-from', 'disk.qcow2', '-o', 'disk.qcow2', '--force'],
    ['decode', 'state', '--schema-from', 'disk.qcow2', '-o', 'x', '--ram', 'disk.qcow2', '--force'],
  ])('%s %s', async (...args) => {
    const state = fixtureBytes('7.2.22-plain');
    const sink = memorySink();
    await writeFreshImage(memorySource(state), sink, { diskSize: 1 << 20, tag: 's1' });
    const outcome = await mstream(args, { files: { state, 'disk.qcow2': sink.bytes() } });
    expect([outcome.code, outcome.stderr]).toEqual([
      2,
      expect.stringMatching(/disk\.qcow2 is read: it is never written/),
    ]);
    expect([...outcome.written.keys()]).toEqual([]);
  });
});
