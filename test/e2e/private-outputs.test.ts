// What the program writes with guest memory or domain XML in it is for nobody but its owner, whatever the umask: every
// command that writes, and every form. What cannot be written ends with exit code 5, what cannot be read with 3. No
// QEMU is needed; a profile is in destination.test.ts, a template in clone-command.test.ts.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fixtureBytes } from '../support/fixtures.js';
import { runMstream } from './support/run-mstream.js';

const folder = mkdtempSync(join(tmpdir(), 'mstream-private-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// The usual one: files would be 0644, folders 0755.
const umask = process.umask(0o022);
afterAll(() => void process.umask(umask));

writeFileSync(join(folder, 'state'), fixtureBytes('7.2.22-plain'));
writeFileSync(join(folder, 'donor'), fixtureBytes('7.2.22-plain'));
writeFileSync(
  join(folder, 'vm.xml'),
  '<domain type="kvm"><name>vm</name><uuid>00000000-0000-4000-8000-000000000001</uuid></domain>',
);
const given = new Set(readdirSync(folder));

const convert = (to: string, ...more: readonly string[]): string[] => ['convert', 'state', '--to', to, ...more];

/** Each with `-o out` behind it. */
const commands: readonly (readonly string[])[] = [
  ['rewrite', 'state', '--machine', 'x'],
  ['rewrite', 'state', '--externalize', 'pc.ram=memory'],
  ['decode', 'state', '--ram', 'pages'],
  ['transplant', 'state', '--onto', 'donor'],
  ['extract', 'state'],
  ...['raw', 'lime', 'blocks'].map((format) => ['extract', 'state', '--format', format]),
  ...['plain', 'mapped-ram', 'qcow2', 'gzip', 'xz', 'zstd'].map((to) => convert(to)),
  ...['raw', 'sparse'].map((format) => convert('libvirt', '--xml', 'vm.xml', '--format', format)),
];

function modesIn(path: string): [name: string, mode: string][] {
  const mode = (name: string): string => (statSync(name).mode & 0o777).toString(8);
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !given.has(name))
    .map((name) => [name, `${statSync(join(path, name)).isDirectory() ? 'd' : '-'}${mode(join(path, name))}`]);
}

test.each(commands.map((words) => [words.join(' '), words] as const))('%s', async (_, words) => {
  const { code, stderr } = await runMstream(folder, [...words, '-o', 'out']);
  expect(code, stderr).toBe(0);
  const made = modesIn(folder);
  expect(made).not.toEqual([]);
  expect(made.filter(([, mode]) => mode !== '-600' && mode !== 'd700')).toEqual([]);
  for (const name of readdirSync(folder)) if (!given.has(name)) rmSync(join(folder, name), { recursive: true });
});

/** One of each command, and each writer of containers that a device can take. */
const writers = commands.filter(
  ([command, , , form], at) =>
    commands.findIndex((words) => words[0] === command) === at || form === 'gzip' || form === 'libvirt',
);
const outputs = ['none/out', ...(existsSync('/dev/full') ? ['/dev/full'] : [])];

test.each(outputs)('%s cannot be written: exit code 5', async (output) => {
  for (const words of writers) {
    // Sparse images are written in any order, which a device cannot.
    if (output === '/dev/full' && words.includes('sparse')) continue;
    const { code, stderr } = await runMstream(folder, [...words, '-o', output, '--force']);
    expect([words.join(' '), code, stderr]).toEqual([words.join(' '), 5, expect.stringContaining('cannot write')]);
  }
});

test('what cannot be read: exit code 3', async () => {
  for (const [command = '', , ...words] of writers) {
    const { code } = await runMstream(folder, [command, 'none', ...words, '-o', 'out']);
    expect([command, code]).toEqual([command, 3]);
  }
});
