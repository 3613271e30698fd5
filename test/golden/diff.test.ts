// What people see of `mstream diff` and `mstream stat`, their documents against the published schemas, and exit codes.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { mstream } from '../support/fake-host.js';
import { fixtureBytes } from '../support/fixtures.js';

const schema = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../docs/schema/${name}`, import.meta.url), 'utf8'));
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: false });
ajv.addSchema(schema('common.json'));
const isDocument = ajv.compile(schema('diff.json'));
const isStat = ajv.compile(schema('stat.json'));

const files = {
  old: fixtureBytes('10.0.13-q35-devices'),
  new: fixtureBytes('11.1.3-q35-devices'),
  packed: Uint8Array.from(gzipSync(fixtureBytes('10.0.13-q35-devices'))),
  cut: fixtureBytes('10.0.13-q35-devices').subarray(0, 100_000),
  arm: fixtureBytes('10.0.13-aarch64-virt'),
};

test.each([
  ['two releases', ['old', 'new']],
  ['two releases, everything', ['old', 'new', '--all', '--noise=show', '--bytes']],
  ['two schemas', ['old', 'new', '--schema']],
  ['two machines', ['old', 'arm']],
  ['another container', ['old', 'packed']],
  ['a stream that is cut', ['old', 'cut']],
])('%s', async (name, args) => {
  const { stdout, stderr, code } = await mstream(['diff', ...args], { files });
  const shown = `$ mstream diff ${args.join(' ')}\n${stdout}${stderr}[exit ${code}]\n`;
  await expect(shown).toMatchFileSnapshot(`diff/${name.replace(/\W+/g, '-')}.txt`);
  const json = await mstream(['diff', ...args, '--json'], { files });
  const document = JSON.parse(json.stdout);
  expect(isDocument(document), JSON.stringify(isDocument.errors)).toBe(true);
  expect(json.code).toBe(code);
});

test.each([
  [0, ['old', 'old']],
  [0, ['old', 'packed']],
  [1, ['old', 'new']],
  [3, ['old', 'cut']],
  [2, ['-', '-']],
  [2, ['old', 'old', '--json', '-q']],
] as const)('exit code %i of %s', async (code, args) => {
  const outcome = await mstream(['diff', '-q', ...args], { files, stdin: files.old });
  expect([outcome.code, outcome.stdout]).toEqual([code, '']);
});

test('noise is a difference, unless it is ignored', async () => {
  const bytes = fixtureBytes('11.1.3-plain');
  const { stdout } = await mstream(['get', 'state', 'timer.cpu_clock_offset', '--json'], { files: { state: bytes } });
  const { end } = JSON.parse(stdout).fields[0].span;
  const later = Uint8Array.from(bytes);
  later[end - 1]! ^= 1;
  const both = { files: { before: bytes, later } };
  const fold = await mstream(['diff', 'before', 'later'], both);
  expect(fold.code).toBe(1);
  expect(fold.stdout).toMatch(/only noise differs: 1 field/);
  const ignore = await mstream(['diff', 'before', 'later', '--noise=ignore'], both);
  expect(ignore.code).toBe(0);
  expect(ignore.stdout).toMatch(/^same: .* 1 field of noise ignored$/m);
});

test.each([
  ['one state', ['old']],
  ['two states', ['old', 'new']],
  ['a state that is cut', ['cut']],
])('stat of %s', async (name, args) => {
  const { stdout, stderr, code } = await mstream(['stat', ...args], { files });
  const shown = `$ mstream stat ${args.join(' ')}\n${stdout}${stderr}[exit ${code}]\n`;
  await expect(shown).toMatchFileSnapshot(`diff/stat-${name.replace(/\W+/g, '-')}.txt`);
  const json = await mstream(['stat', ...args, '--json'], { files });
  expect(isStat(JSON.parse(json.stdout)), JSON.stringify(isStat.errors)).toBe(true);
  expect(json.code).toBe(code);
});
