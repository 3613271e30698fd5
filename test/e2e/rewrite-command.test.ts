// `mstream rewrite` as a user runs it: in QEMU's own `exec:` on both ends, with files that appear whole or not at all,
// in bounded memory.
import { shellWord } from '../../src/base/shell.js';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateTo } from '../../src/qemu/migrate.js';
import { until } from '../../src/qemu/qmp/wait.js';
import { fixtureBytes } from '../support/fixtures.js';
import { look } from '../support/edits.js';
import { load, pc, skip, withGuest } from './support/loads.js';

const root = new URL('../../', import.meta.url).pathname;
const run = promisify(execFile);
const program = `${shellWord(process.execPath)} ${shellWord(join(root, 'bin/mstream.js'))}`;
let folder: string;

beforeAll(async () => {
  await run('npx', ['rolldown', '-c', 'src/bundle.config.mjs'], { cwd: root });
  folder = await mkdtemp(join(tmpdir(), 'mstream-command-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

async function mstream(
  args: readonly string[],
  options: { readonly stdin?: Uint8Array; readonly shell?: string } = {},
): Promise<Ended> {
  const child =
    options.shell === undefined
      ? spawn(process.execPath, [join(root, 'bin/mstream.js'), ...args], { cwd: folder })
      : spawn('sh', ['-c', `${options.shell}; exec ${program} ${args.map(shellWord).join(' ')}`], { cwd: folder });
  const out: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (part: Buffer) => out.push(part));
  child.stderr.on('data', (part: Buffer) => (stderr += part));
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: Buffer.concat(out), stderr };
}

const file = async (name: string, bytes: Uint8Array): Promise<string> => {
  await writeFile(join(folder, name), bytes);
  return name;
};
const hash = async (name: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(join(folder, name)))
    .digest('hex');

/** What is in the folder besides the given names. */
async function others(...known: string[]): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !known.includes(name));
}

describe.skipIf(skip !== undefined)('inside exec:', () => {
  test.each(['5.2', '7.2', '10.0', '11.1'])('of the saving and of the loading QEMU %s', async (release) => {
    const state = join(folder, `exec-${release}`);
    const done = `${state}.done`;
    await withGuest(release, pc('pc'), async (machine) => {
      await migrateTo(
        machine,
        `exec:${program} rewrite - -o - -q --rename-block pc.ram=somewhere-else --drop-vmdescription >${shellWord(state)}; echo $? >${shellWord(done)}`,
        { timeoutMs: 60_000 },
      );
      await until(async () => ((await readFile(done, 'utf8').catch(() => '')) === '0\n' ? true : undefined), {
        timeoutMs: 30_000,
        what: 'the shell to be done',
      });
    });
    expect((await look(await readFile(state))).blocks[0]!.idstr).toBe('somewhere-else');
    const uri = `exec:${program} rewrite - -o - -q --rename-block somewhere-else=pc.ram <${shellWord(state)}`;
    expect(await load({ release, argv: pc('pc'), stream: { uri } })).toMatchObject({ loaded: true, ran: true });
    // As it lies there nobody knows the block.
    const plain = await load({ release, argv: pc('pc'), stream: { uri: `exec:cat ${shellWord(state)}` } });
    expect(plain).toMatchObject({ loaded: false, words: expect.stringContaining('Unknown ramblock "somewhere-else"') });
  });
});

describe('files', () => {
  test('out and in again, with holes; the input is left alone', async () => {
    const known = ['state', 'state2', 'memory', 'template', 'whole'];
    await file('state', fixtureBytes('7.2.22-plain'));
    const before = await hash('state');
    const out = await mstream(['rewrite', 'state', '-o', 'template', '--externalize', 'pc.ram=memory']);
    expect([out.code, out.stdout.length, out.stderr]).toEqual([0, 0, expect.stringMatching(/wrote: \d changes/)]);
    const { size, blocks } = await stat(join(folder, 'memory'));
    expect(size).toBe(2 << 20);
    expect(blocks * 512).toBeLessThan(256 * 1024);
    const back = await mstream(['rewrite', 'template', '-o', 'whole', '--inline', 'pc.ram=memory', '-q']);
    expect([back.code, back.stderr]).toEqual([0, '']);
    expect(await hash('state')).toBe(before);
    expect((await others(...known)).filter((name) => !name.startsWith('exec-'))).toEqual([]);
  });

  test('a mapped-ram file keeps its holes', async () => {
    await file('mapped', fixtureBytes('10.0.13-mapped-ram'));
    expect((await mstream(['rewrite', 'mapped', '-o', 'mapped2', '-q'])).code).toBe(0);
    expect(await hash('mapped2')).toBe(await hash('mapped'));
    const [from, to] = await Promise.all(['mapped', 'mapped2'].map((name) => stat(join(folder, name))));
    expect(to!.blocks).toBeLessThan(from!.blocks / 4);
    expect((await mstream(['decode', 'mapped', '-o', 'mapped.json', '--ram', 'mapped.ram'])).code).toBe(0);
    expect((await stat(join(folder, 'mapped.ram'))).blocks).toBeLessThan(from!.blocks / 4);
    expect((await mstream(['encode', 'mapped.json', '-o', 'mapped3'])).code).toBe(0);
    expect(await hash('mapped3')).toBe(await hash('mapped'));
    expect((await stat(join(folder, 'mapped3'))).blocks).toBeLessThan(from!.blocks / 4);
  });

  test.each([
    [
      'an edit that matches nothing',
      ['--externalize', 'pc.ram=m', '--rename-block', 'no=thing'],
      1,
      /^no-match: rename-block no matches nothing/,
    ],
    ['pages that are not there', ['--externalize', 'pc.ram=m'], 1, /^refused: 17 pages of "pc.ram"/, 'multifd'],
    ['a stream cut short', ['--externalize', 'pc.ram=m'], 3, /^truncated: /, 'cut'],
    [
      'contradicting edits',
      ['--externalize', 'pc.ram=m', '--inline', 'pc.ram=state'],
      2,
      /^usage: .*(share|externalized and inlined|two blocks)/,
    ],
    ['one file for two', ['--externalize', 'pc.ram=out'], 2, /out is to be written twice/],
    ['the input as memory', ['--externalize', 'pc.ram=state', '--force'], 2, /state is read: it is never written/],
    ['the input as output', ['-o', './state', '--force'], 2, /is given 2 times/],
    [
      'a full disk',
      ['--externalize', 'pc.ram=m'],
      5,
      /^io: cannot write .*: (file too large|EFBIG)/,
      'state',
      'ulimit -f 8',
    ],
  ])('%s leaves nothing', async (_, edits, code, words, input = 'state', shell?: string) => {
    await file('state', fixtureBytes('7.2.22-plain'));
    await file('multifd', fixtureBytes('7.2.22-multifd'));
    await file('cut', fixtureBytes('7.2.22-plain').subarray(0, 60_000));
    const before = new Set(await readdir(folder));
    const hashes = await Promise.all(['state', 'multifd', 'cut'].map(hash));
    const ended = await mstream(['rewrite', input, '-o', 'out', ...edits], shell === undefined ? {} : { shell });
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringMatching(words)]);
    expect((await readdir(folder)).filter((name) => !before.has(name))).toEqual([]);
    expect(await Promise.all(['state', 'multifd', 'cut'].map(hash))).toEqual(hashes);
  });

  test('files that are there are not replaced, whichever comes first', async () => {
    await file('state', fixtureBytes('7.2.22-plain'));
    await file('there', Buffer.from('mine'));
    for (const [out, memory] of [
      ['there', 'm'],
      ['o', 'there'],
    ]) {
      const ended = await mstream(['rewrite', 'state', '-o', out!, '--externalize', `pc.ram=${memory}`]);
      expect([ended.code, ended.stderr]).toEqual([
        3,
        expect.stringMatching(/there exists already\n {2}hint: --force replaces it/),
      ]);
      await expect(access(join(folder, 'o'))).rejects.toThrow();
      await expect(access(join(folder, 'm'))).rejects.toThrow();
    }
    expect(await readFile(join(folder, 'there'), 'utf8')).toBe('mine');
  });

  test('SIGINT in the middle leaves nothing', async () => {
    const before = new Set(await readdir(folder));
    const child = spawn(
      process.execPath,
      [join(root, 'bin/mstream.js'), 'rewrite', '-', '-o', 'o', '--externalize', 'pc.ram=m'],
      { cwd: folder },
    );
    child.stdin.on('error', () => {});
    // More than is looked ahead at a block list.
    child.stdin.write(fixtureBytes('7.2.22-dirty-bitmaps').subarray(0, 1_000_000));
    await until(async () => ((await readdir(folder)).some((name) => name.startsWith('m.')) ? true : undefined), {
      timeoutMs: 20_000,
      what: 'the memory file to be begun',
    });
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(130);
    expect((await readdir(folder)).filter((name) => !before.has(name))).toEqual([]);
  });

  test('a pipe: what was given to stdout before the failure is no stream, and it says so', async () => {
    const whole = fixtureBytes('7.2.22-dirty-bitmaps');
    const half = await mstream(['rewrite', '-', '-o', '-', '--machine', 'x'], {
      stdin: whole.subarray(0, whole.length - 1000),
    });
    expect([half.code, half.stderr]).toEqual([
      3,
      expect.stringMatching(/^what stdout was given so far is not a whole stream\ntruncated: /),
    ]);
    // Nothing was given yet.
    const none = await mstream(['rewrite', '-', '-o', '-', '--compact'], { stdin: whole });
    expect([none.code, none.stdout.length, none.stderr]).toEqual([
      3,
      0,
      expect.stringMatching(/^not-seekable: which version of a page is the newest.*\n {2}hint: give a file/),
    ]);
  });
});
