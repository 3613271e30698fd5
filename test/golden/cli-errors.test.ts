// What people see when something is wrong: files that are no stream or a broken one, command lines that make no sense.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { openFile } from '../../src/bytes/node/file-source.js';
import { mstream, transcript, type FakeHostOptions } from '../support/fake-host.js';
import { fixtureBytes } from '../support/fixtures.js';
import { makeImage } from '../support/qcow2.js';

const good = fixtureBytes('4.0.0-ignore-shared');
const flip = (at: number, byte: number): Uint8Array => {
  const copy = good.slice();
  copy[at] = byte;
  return copy;
};

const broken: Readonly<Record<string, Uint8Array>> = {
  'cut-in-header': good.slice(0, 6),
  'cut-in-ram': good.slice(0, 6000),
  'cut-in-device': good.slice(0, 25_000),
  'cut-in-vmdescription': good.slice(0, 60_000),
  'bad-section-type': flip(21_626, 0x55),
  'bad-footer': flip(295, 0x55),
  'version-2': flip(7, 2),
  appended: Buffer.concat([good, Buffer.from('left over')]),
  empty: new Uint8Array(0),
  text: Buffer.from('Dear diary, today I migrated a virtual machine.\n'),
  gzip: gzipSync(Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01'), Buffer.alloc(9), Buffer.from([4, 0])])),
  qcow2: makeImage().bytes,
};

test.each(Object.keys(broken))('inspect of %s', async (name) => {
  const outcome = await mstream(['inspect', name], { files: { [name]: broken[name]! } });
  expect(outcome.code).toBe(name === 'appended' ? 0 : 3);
  await expect(transcript(`mstream inspect ${name}`, outcome)).toMatchFileSnapshot(`inspect-errors/${name}.txt`);
});

test('every report of a damaged stream says the same on stderr, and what was read on stdout', async () => {
  const files = { state: broken['cut-in-device']! };
  const plain = await mstream(['inspect', 'state'], { files });
  for (const option of ['--json', '--jsonl', '--pages', '--blocks', '--quiet', '--hex=61a0-6200']) {
    const outcome = await mstream(['inspect', option, 'state'], { files });
    expect(outcome.code, option).toBe(3);
    expect(outcome.stderr, option).toBe(plain.stderr);
    if (option === '--quiet') expect(outcome.stdout).toBe('');
    else expect(outcome.stdout, option).not.toBe('');
  }
});

const usage: Readonly<Record<string, readonly string[]>> = {
  'no command': [],
  'unknown command': ['inspct', 'state'],
  'unknown option': ['inspect', '--frobnicate', 'state'],
  'no file': ['inspect'],
  'two files': ['inspect', 'a', 'b'],
  'bad span': ['inspect', '--hex', '10-z', 'state'],
  'backward span': ['inspect', '--hex', '10-8', 'state'],
  'bad page size': ['inspect', '--page-size', '5000', 'state'],
  'bad dialect': ['inspect', '--dialect', '3.9', 'state'],
  'two reports': ['inspect', '--json', '--pages', 'state'],
  twice: ['inspect', '--dialect=4.0', '--dialect=4.1', 'state'],
};

test('usage', async () => {
  const shown: string[] = [];
  for (const [name, args] of Object.entries(usage)) {
    const outcome = await mstream(args, { files: { state: good } });
    expect(outcome.code, name).toBe(2);
    expect(outcome.stdout, name).toBe('');
    // The whole help of a bare `mstream` is in docs/cli.md.
    shown.push(
      transcript(
        `mstream ${args.join(' ')}`,
        args.length === 0 ? { ...outcome, stderr: outcome.stderr.split('\n')[0]! } : outcome,
      ),
    );
  }
  await expect(shown.join('\n')).toMatchFileSnapshot('usage.txt');
});

const folder = mkdtempSync(join(tmpdir(), 'mstream-golden-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('files that cannot be read', async () => {
  const real: FakeHostOptions = { openInput: (path) => openFile(path) };
  const unreadable = join(folder, 'unreadable');
  writeFileSync(unreadable, good);
  chmodSync(unreadable, 0);
  const shown: string[] = [];
  const paths = [folder, join(folder, 'nowhere'), join(unreadable, 'state')];
  if (process.getuid?.() !== 0) {
    const denied = await mstream(['inspect', unreadable], real);
    expect(denied).toMatchObject({ code: 3, stdout: '' });
    expect(denied.stderr).toContain('permission denied');
  }
  for (const path of paths) {
    const outcome = await mstream(['inspect', path], real);
    expect(outcome.code).toBe(3);
    shown.push(transcript(`mstream inspect ${path}`, outcome).replaceAll(folder, 'DIR'));
  }
  await expect(shown.join('\n')).toMatchFileSnapshot('inspect-errors/unreadable.txt');
});
