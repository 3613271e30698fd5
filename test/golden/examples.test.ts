// The examples of docs/api/, run as a user runs them: the package by its name, from dist/. `npm run build:js` first.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { entries } from '../support/api/render.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

// test/e2e/examples.test.ts runs the example of QMP, which needs a QEMU.
const pages = entries.map(({ page }) => page).filter((page) => page !== 'qmp');

test.each(pages)('the example of docs/api/%s.md', async (page) => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [`test/examples/${page}.mjs`], { cwd: root });
  expect(stderr).toBe('');
  await expect(stdout).toMatchFileSnapshot(`../examples/${page}.txt`);
});
