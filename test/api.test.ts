// The public API is what docs/api/ says, everything in it says what it is, and every type in a signature is exported.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as index from '../src/api/index.js';
import * as node from '../src/api/node.js';
import * as transplant from '../src/api/transplant.js';
import * as verify from '../src/api/verify.js';
import * as vmstate from '../src/api/vmstate.js';
import * as qmp from '../src/qemu/qmp/index.js';
import { unexportedTypes } from './support/api/closure.js';
import { entries, readApi, renderApi } from './support/api/render.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const api = readApi(root);
const modules: Readonly<Record<(typeof entries)[number]['page'], object>> = {
  index,
  node,
  vmstate,
  verify,
  transplant,
  qmp,
};

test('package.json exports these sub-paths', () => {
  const { exports } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { exports: object };
  const paths = entries.map(({ name }) => name.replace('qemu-mstream', '.'));
  expect(Object.keys(exports)).toEqual([...paths, './package.json']);
});

test('docs/api/ is up to date (npm run api)', () => {
  const pages = renderApi(api);
  expect(readdirSync(`${root}/docs/api`).sort()).toEqual([...pages.keys()].sort());
  for (const [file, text] of pages) expect(readFileSync(`${root}/docs/api/${file}`, 'utf8'), file).toBe(text);
});

test.each(entries)(
  '$name exports the values that it declares, and every function and class says what it is',
  (entry) => {
    const declarations = api.find(({ name }) => name === entry.name)?.declarations ?? [];
    const values = declarations.filter(({ text, typeOnly }) => !typeOnly && !/^(interface|type) /.test(text));
    expect(values.map((value) => value.name).sort()).toEqual(Object.keys(modules[entry.page]).sort());
    const silent = values.filter(({ text, comment }) => /^(abstract )?(class|function) /.test(text) && comment === '');
    expect(silent.map((value) => value.name)).toEqual([]);
  },
);

test('every type in an exported signature is exported', () => {
  const missing = [
    ...unexportedTypes(
      root,
      entries.map(({ file }) => file),
    ).values(),
  ].flat();
  expect(missing).toEqual([]);
});
