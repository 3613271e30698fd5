// The public API is what docs/api.md says, and everything in it says what it is.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as library from '../src/index.js';
import * as qmp from '../src/qemu/qmp/index.js';
import { readApi, renderApi } from './support/api/render.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const api = readApi(root);

test('docs/api.md is up to date (npm run api)', () => {
  expect(renderApi(api)).toBe(readFileSync(`${root}/docs/api.md`, 'utf8'));
});

test.each([
  ['qemu-mstream', library],
  ['qemu-mstream/qmp', qmp],
])('%s exports the values that it declares, and every function and class says what it is', (name, module) => {
  const declarations = api.find((entry) => entry.name === name)?.declarations ?? [];
  const values = declarations.filter(({ text, typeOnly }) => !typeOnly && !/^(interface|type) /.test(text));
  expect(values.map((value) => value.name).sort()).toEqual(Object.keys(module).sort());
  const silent = values.filter(({ text, comment }) => /^(abstract )?(class|function) /.test(text) && comment === '');
  expect(silent.map((value) => value.name)).toEqual([]);
});
