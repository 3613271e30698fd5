// The two judges that are programs of their own, as tests, so that one run and one count say whether all is well.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What `npm run format` formats; package.json has the settings. */
const FORMATTED = ['src/**/*.{ts,mjs}', 'test/**/*.{ts,mjs,js}', 'fixtures/**/*.ts', 'bin/*.js'];

/** What a tool has to say; empty when it is content. */
function complaints(tool: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [`${root}/node_modules/${tool}`, ...args],
      { cwd: root, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        resolve(error === null ? '' : `${stdout}${stderr}` || error.message);
      },
    );
  });
}

test('src, test and fixtures type-check (npm run typecheck)', async () => {
  expect(await complaints('typescript/bin/tsc', '-p', 'test/tsconfig.json')).toBe('');
}, 300_000);

test('src and test lint (npm run lint)', async () => {
  expect(await complaints('eslint/bin/eslint.js', '--config', 'test/eslint.config.js', 'src', 'test')).toBe('');
}, 300_000);

test('src, test, fixtures and bin are formatted (npm run format)', async () => {
  expect(await complaints('prettier/bin/prettier.cjs', '--check', '--log-level', 'error', ...FORMATTED)).toBe('');
}, 300_000);
