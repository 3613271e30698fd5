// What the documents show is what the program says: every `console` block of README.md and docs/ is run, from the root of
// the repository; every link leads to a file that is there.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openFile } from '../src/bytes/node/file-source.js';
import { mstreamArgs, shows, transcripts } from './support/console-blocks.js';
import { mstream } from './support/fake-host.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(`${root}/docs`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path}`),
];
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');
const shown = documents.flatMap((path) => transcripts(read(path)).map((transcript) => ({ path, ...transcript })));

test('there is something to run', () => {
  expect(shown.length).toBeGreaterThanOrEqual(3);
});

test.each(shown)('$path:$line: $command', async ({ command, output }) => {
  const { code, stdout, stderr } = await mstream(mstreamArgs(command), { openInput: openFile });
  const actual = `${stdout}${stderr}${code === 0 ? '' : `[exit ${code}]`}`.trimEnd().split('\n');
  const wanted = output.join('\n').trimEnd().split('\n');
  // Where they differ, the difference is what to look at.
  if (!shows(wanted, actual)) expect(actual.join('\n')).toBe(wanted.join('\n'));
});

test.each(documents)('links of %s', (path) => {
  const text = read(path)
    .replace(/```[\s\S]*?```/g, '')
    .replace(/`[^`\n]*`/g, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link ?? '');
  const broken = links.filter(
    (link) => !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(path), link.replace(/#.*$/, ''))),
  );
  expect(broken).toEqual([]);
});

describe('the reader of transcripts', () => {
  test('finds commands with their outputs, and only in console blocks', () => {
    const text = ['```console', '$ mstream a', 'one', '$ mstream b', '```', '```', '$ mstream c', '```', 'text'].join(
      '\n',
    );
    expect(transcripts(text)).toEqual([
      { line: 2, command: 'mstream a', output: ['one'] },
      { line: 4, command: 'mstream b', output: [] },
    ]);
    expect(() => transcripts('```console\nmstream a\n```')).toThrow('line 1');
  });

  test('reads arguments as a shell would, and refuses what needs one', () => {
    expect(mstreamArgs("npm ci && node bin/mstream.js inspect 'a b' --hex 0+10")).toEqual([
      'inspect',
      'a b',
      '--hex',
      '0+10',
    ]);
    expect(mstreamArgs('mstream')).toEqual([]);
    expect(() => mstreamArgs('mstream inspect - < x')).toThrow('shell');
    expect(() => mstreamArgs('npm test')).toThrow('not an mstream command');
  });

  test('... is any lines', () => {
    expect(shows(['a', '...', 'd'], ['a', 'b', 'c', 'd'])).toBe(true);
    expect(shows(['a', '...', 'd'], ['a', 'd'])).toBe(true);
    expect(shows(['a', '...'], ['a'])).toBe(true);
    expect(shows(['a', '...', 'd'], ['a', 'b'])).toBe(false);
    expect(shows(['a'], ['a', 'b'])).toBe(false);
  });
});
