// `mstream template` and `mstream clone` as a user runs them, and as they end when things go wrong: right message,
// right exit code, no process and no temporary file left.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guestFirmware } from '../../src/clone/guest.js';
import type { Manifest } from '../../src/clone/manifest.js';
import { openLab, qemuSkipReason } from '../../src/qemu/lab.js';
import { until } from '../../src/qemu/qmp/wait.js';

const skip = qemuSkipReason();
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
const schema = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../docs/schema/${name}.json`, import.meta.url), 'utf8')) as object;
ajv.addSchema(schema('common'));

/** Holds a document against its published schema. */
function valid(name: string, document: unknown): void {
  const fits = ajv.getSchema(`${name}.json`) ?? ajv.compile(schema(name));
  expect(fits(document), ajv.errorsText(fits.errors)).toBe(true);
}

const root = new URL('../../', import.meta.url).pathname;
const run = promisify(execFile);
let folder: string;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Our own temporary folder, so that what is left behind shows. */
function start(
  args: readonly string[],
  env: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Ended>; output(): string } {
  const child = spawn(process.execPath, [join(root, 'bin/mstream.js'), ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: join(folder, 'tmp'), ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text));
  child.stderr.on('data', (text: Buffer) => (stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, ended, output: () => stdout + stderr };
}

const mstream = (args: readonly string[], env?: Record<string, string>): Promise<Ended> => start(args, env).ended;
const qemu = 'lab:7.2';
const vm = (console: string): string[] => [
  '--',
  qemu,
  '-M',
  'pc',
  '-m',
  '8',
  '-nodefaults',
  '-vga',
  'none',
  '-bios',
  'guest.bin',
  '-debugcon',
  `file:${console}`,
];

/** QEMUs whose command line names our folder. */
async function qemus(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words.includes('qemu-system') && words.includes(folder)) found.push(pid);
  }
  return found;
}

const qemuRuns = (): Promise<true> =>
  until(async () => ((await qemus()).length > 0 ? true : undefined), { timeoutMs: 20_000, what: 'QEMU to run' });

async function nothingLeft(...kept: string[]): Promise<void> {
  await until(async () => ((await qemus()).length === 0 ? true : undefined), {
    timeoutMs: 5000,
    what: 'every QEMU of ours to be gone',
  });
  await until(async () => ((await readdir(join(folder, 'tmp'))).length === 0 ? true : undefined), {
    timeoutMs: 5000,
    what: 'the temporary folder to be empty',
  });
  const here = (await readdir(folder)).filter((name) => name.includes('partial') || name.includes('.tmp'));
  expect(here).toEqual([]);
  for (const name of kept) await access(join(folder, name));
}

beforeAll(async () => {
  if (skip !== undefined) return;
  process.umask(0o022);
  await openLab({ suites: ['bookworm'] });
  await run('npx', ['rolldown', '-c', 'src/bundle.config.mjs'], { cwd: root });
  folder = await mkdtemp(join(tmpdir(), 'mstream-test-'));
  await writeFile(join(folder, 'guest.bin'), guestFirmware());
  await run('mkdir', [join(folder, 'tmp')]);
  const made = await mstream([
    'template',
    'create',
    't',
    '--ready-file',
    'console',
    '--ready-text',
    'R',
    ...vm('console'),
  ]);
  expect(made.stderr + made.stdout).toContain('pc-i440fx-7.2');
  expect(made.code).toBe(0);
});

afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

if (skip !== undefined) test.skip(`the clone commands: ${skip}`);

describe.skipIf(skip !== undefined)('template', () => {
  test('layout as Kata’s factory leaves it, and a manifest', async () => {
    expect((await readdir(join(folder, 't'))).sort()).toEqual(['manifest.json', 'memory', 'state']);
    const manifest = JSON.parse(await readFile(join(folder, 't/manifest.json'), 'utf8')) as Manifest;
    valid('manifest', manifest);
    expect(manifest.machine).toBe('pc-i440fx-7.2');
    expect(manifest.memory['mem0']?.size).toBe(8 * 2 ** 20);
    expect(manifest.blocks.find((block) => block.idstr === 'mem0')?.ignored).toBe(true);
    await nothingLeft('t/memory');
    const files = await Promise.all(
      ['t', 't/state', 't/memory', 't/manifest.json'].map((at) => stat(join(folder, at))),
    );
    expect(files.map(({ mode }) => (mode & 0o777).toString(8))).toEqual(['700', '600', '600', '600']);
  });

  test('check: whole, then with one byte of memory changed, then without it', async () => {
    expect((await mstream(['template', 'check', 't'])).code).toBe(0);
    await run('cp', ['-r', 't', 'bad'], { cwd: folder });
    await run('sh', ['-c', 'printf x | dd of=bad/memory bs=1 seek=4096 conv=notrunc'], { cwd: folder });
    const changed = await mstream(['template', 'check', 'bad']);
    expect([changed.code, changed.stdout]).toEqual([1, expect.stringContaining('hash: memory')]);
    await rm(join(folder, 'bad/memory'));
    const gone = await mstream(['template', 'check', 'bad', '--json']);
    valid('template-check', JSON.parse(gone.stdout));
    expect(JSON.parse(gone.stdout)).toMatchObject({ findings: [{ code: 'missing', file: 'memory' }] });
    await rm(join(folder, 'bad'), { recursive: true });
  });

  test.each([
    [
      'a template that is there',
      ['template', 'create', 't', '--ready-delay', '1', ...vm('x')],
      1,
      /holds a template already/,
    ],
    [
      'memory not in a named file',
      ['template', 'create', 'n', '--ready-delay', '1', ...vm('x'), '-object', 'memory-backend-ram,id=m,size=8M'],
      1,
      /only a named file/,
    ],
    [
      'share=off',
      [
        'template',
        'create',
        'n',
        '--ready-delay',
        '1',
        ...vm('x'),
        '-object',
        'memory-backend-file,id=m,size=8M,mem-path=x',
      ],
      1,
      /share=off/,
    ],
    [
      '9p',
      [
        'template',
        'create',
        'n',
        '--ready-delay',
        '1',
        ...vm('x'),
        '-virtfs',
        'local,path=.,mount_tag=x,security_model=none',
      ],
      1,
      /9p/,
    ],
    [
      'virtio-fs',
      ['template', 'create', 'n', '--ready-delay', '1', ...vm('x'), '-device', 'vhost-user-fs-pci,chardev=c'],
      1,
      /vhost-user/,
    ],
    [
      'return-path over exec',
      ['template', 'create', 'n', '--ready-delay', '1', '--capability', 'return-path', ...vm('x')],
      1,
      /never completes/,
    ],
    ['no readiness condition', ['template', 'create', 'n', ...vm('x')], 2, /when is the guest ready/],
    [
      'a QEMU that exits at start',
      ['template', 'create', 'n', '--ready-delay', '1', ...vm('x'), '-bogus'],
      4,
      /-bogus: invalid option/,
    ],
    [
      'no QEMU',
      ['template', 'create', 'n', '--ready-delay', '1', '--', 'no-such-qemu'],
      4,
      /no-such-qemu is not there/,
    ],
  ])('refused before anything is made: %s', async (_, args, code, words) => {
    const ended = await mstream(args);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringMatching(words)]);
    await expect(stat(join(folder, 'n'))).rejects.toThrow();
    await nothingLeft('t/memory');
  });

  test('a guest that never becomes ready', async () => {
    const ended = await mstream([
      'template',
      'create',
      'n',
      '--ready-file',
      'console',
      '--ready-text',
      'never',
      '--timeout',
      '1',
      ...vm('console'),
    ]);
    expect([ended.code, ended.stderr]).toEqual([
      4,
      expect.stringMatching(/waited 1\.0 s for "never" in console; last seen: /),
    ]);
    await nothingLeft('t/memory');
  });

  test('a full disk for the state file', async () => {
    // cat as it is, but onto the device that is always full.
    await run('mkdir', ['-p', 'full'], { cwd: folder });
    await writeFile(join(folder, 'full/cat'), '#!/bin/sh\nexec /bin/cat >/dev/full\n');
    await chmod(join(folder, 'full/cat'), 0o755);
    const ended = await mstream(
      ['template', 'create', 'n', '--ready-file', 'console', '--ready-text', 'R', ...vm('console')],
      { PATH: `${join(folder, 'full')}:${process.env['PATH']}` },
    );
    expect(ended.code).toBe(4);
    expect(ended.stderr).toMatch(/No space left on device/);
    await nothingLeft('t/memory');
  });

  test('SIGINT while it waits', async () => {
    const { child, ended } = start(['template', 'create', 'n', '--ready-delay', '60', ...vm('x')]);
    await qemuRuns();
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    await nothingLeft('t/memory');
  });

  test.each([0, 10, 30, 1000])('SIGKILL of us %i ms after QEMU starts leaves none', async (delay) => {
    const { child, ended } = start(['template', 'create', 'n', '--ready-delay', '60', ...vm('x')]);
    await qemuRuns();
    if (delay > 0) await setTimeout(delay);
    child.kill('SIGKILL');
    await ended;
    await nothingLeft('t/memory');
  });

  test('a monitor that never comes', async () => {
    // A real QEMU that was told of no socket.
    const { file, before, env } = (await openLab({ suites: ['bookworm'] }))[0]!.binary;
    const settings = Object.entries(env).map(([name, value]) => `export ${name}=${value}`);
    const qemuWords = ['exec', file, ...before].join(' ');
    const script = [
      '#!/bin/sh',
      ...settings,
      `case "$*" in *--version*) ${qemuWords} --version;; esac`,
      `${qemuWords} -M none -display none -name ${folder}`,
    ];
    await writeFile(join(folder, 'deaf'), `${script.join('\n')}\n`);
    await chmod(join(folder, 'deaf'), 0o755);
    const ended = await mstream([
      'template',
      'create',
      'n',
      '--ready-delay',
      '1',
      '--timeout',
      '1',
      '--',
      './deaf',
      '-m',
      '8',
    ]);
    expect([ended.code, ended.stderr]).toEqual([
      4,
      expect.stringMatching(/waited 1\.0 s for QEMU's monitor at .*last seen/),
    ]);
    await nothingLeft('t/memory');
  });
});

describe.skipIf(skip !== undefined)('clone', () => {
  test('several, started, timed, ended again', async () => {
    const ended = await mstream(['clone', 't', '--count', '3', '--start', '--json']);
    expect(ended.code).toBe(0);
    valid('clones', JSON.parse(ended.stdout));
    const { clones } = JSON.parse(ended.stdout) as {
      clones: { ok: boolean; pid: number; phases: Record<string, number> }[];
    };
    expect(clones.map((clone) => clone.ok)).toEqual([true, true, true]);
    for (const { phases } of clones) expect(Object.values(phases).every((ms) => ms > 0 && ms < 60_000)).toBe(true);
    await nothingLeft('t/memory');
    expect((await mstream(['template', 'check', 't'])).code).toBe(0);
  });

  test('QEMU’s own words and our explanation when a size differs', async () => {
    await run('cp', ['-r', 't', 'small'], { cwd: folder });
    const path = join(folder, 'small/manifest.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replaceAll('size=8M', 'size=4M').replace(/"-m",\s+"8"/, '"-m", "4"'));
    const ended = await mstream(['clone', 'small']);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain('Size mismatch: mem0: 0x800000 != 0x400000: Invalid argument');
    expect(ended.stdout).toContain(
      'why: Block mem0 has 0x800000 bytes in the stream and 0x400000 at the destination. What helps: the same -m and sizes;',
    );
    await rm(join(folder, 'small'), { recursive: true });
  });

  test('a clone killed from outside, and Ctrl-C for the rest', async () => {
    const { child, ended, output } = start(['clone', 't', '--count', '2', '--start', '--wait']);
    await until(() => (output().includes('Ctrl-C ends them') ? true : undefined), {
      timeoutMs: 30_000,
      what: 'the clones',
    });
    const [victim] = await qemus();
    process.kill(Number(victim), 'SIGKILL');
    await until(async () => ((await qemus()).length === 1 ? true : undefined), {
      timeoutMs: 5000,
      what: 'the clone to be gone',
    });
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    await nothingLeft('t/memory');
  });

  test('SIGINT while a clone loads', async () => {
    // A state that never comes: a pipe that nobody writes into.
    await run('cp', ['-r', 't', 'slow'], { cwd: folder });
    await rm(join(folder, 'slow/state'));
    await run('mkfifo', [join(folder, 'slow/state')]);
    const { child, ended } = start(['clone', 'slow']);
    await qemuRuns();
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    await nothingLeft('t/memory');
    await rm(join(folder, 'slow'), { recursive: true });
  });

  test('clone-test, as a document and as a report', async () => {
    const ended = await mstream([
      'clone-test',
      '--qemu',
      qemu,
      '--machine',
      'pc',
      '--count',
      '2',
      '--json',
      '--report',
      'out.md',
    ]);
    expect(ended.code).toBe(0);
    valid('clone-test', JSON.parse(ended.stdout));
    expect(await readFile(join(folder, 'out.md'), 'utf8')).toContain('14 checks ok');
  });

  test('no template', async () => {
    expect(await mstream(['clone', 'nowhere'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('nowhere is no template'),
    });
  });
});
