// What people see of a transplant: the report as text and as a document, refusals with their exit code, and what is
// written.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { mstream, transcript, type Outcome } from '../support/fake-host.js';
import { edited } from '../support/edits.js';
import { fixtureBytes } from '../support/fixtures.js';

const schema = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../docs/schema/${name}`, import.meta.url), 'utf8'));
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
ajv.addSchema(schema('common.json'));
const isDocument = ajv.compile(schema('transplant.json'));

const files = {
  old: fixtureBytes('4.0.0-plain'),
  'save-7.2': fixtureBytes('7.2.22-plain'),
  'donor-5.2': fixtureBytes('5.2.0-plain'),
  'donor-11.1': fixtureBytes('11.1.3-plain'),
  'donor-q35': fixtureBytes('7.2.22-q35-devices'),
  'save-q35': fixtureBytes('10.0.13-q35-devices'),
  blind: fixtureBytes('7.2.22-no-vmdesc'),
  // What a field of the board holds is lost on the way down.
  'save-index': (
    await edited(fixtureBytes('7.2.22-plain'), [
      { edit: 'set', path: '0000:00:01.3/piix4_pm.acpi_pci_hotplug.acpi_index', value: '7' },
    ])
  ).bytes,
};

const run = (...args: string[]): Promise<Outcome> => mstream(['transplant', ...args], { files });

const cases: readonly (readonly [name: string, code: number, args: readonly string[]])[] = [
  ['upward', 0, ['old', '-o', 'new', '--onto', 'donor-11.1']],
  ['planned', 0, ['old', '--dry-run', '--onto', 'donor-11.1']],
  ['lossy', 1, ['save-index', '-o', 'new', '--onto', 'donor-5.2']],
  ['planned-lossy', 1, ['save-index', '--dry-run', '--onto', 'donor-5.2']],
  ['allowed', 0, ['save-index', '-o', 'new', '--onto', 'donor-5.2', '--allow-loss']],
  ['strict', 1, ['old', '-o', 'new', '--onto', 'donor-11.1', '--strict']],
  ['other-machine', 1, ['old', '-o', 'new', '--onto', 'donor-q35']],
  ['devices', 0, ['save-q35', '-o', 'new', '--onto', 'donor-q35', '--allow-loss']],
  ['blind', 1, ['blind', '-o', 'new', '--onto', 'donor-11.1']],
  ['described', 0, ['blind', '-o', 'new', '--onto', 'donor-11.1', '--schema-from', 'save-7.2']],
  ['nowhere', 2, ['old', '--onto', 'donor-11.1']],
  ['onto-nothing', 2, ['old', '-o', 'new']],
  ['cpu-of-nobody', 2, ['old', '-o', 'new', '--onto', 'donor-11.1', '--source-argv', 'cmdline']],
  ['two-minds', 2, ['old', '-o', 'new', '--onto', 'donor-11.1', '--strict', '--allow-loss']],
];

test.each(cases)('transplant: %s', async (name, code, args) => {
  const outcome = await run(...args);
  await expect(transcript(`mstream transplant ${args.join(' ')}`, outcome)).toMatchFileSnapshot(
    `transplant/${name}.txt`,
  );
  expect(outcome.code).toBe(code);
  expect(outcome.written.has('new')).toBe(code === 0 && !args.includes('--dry-run'));
});

// A source that cannot be read is refused before there is anything to report.
test.each(cases.filter(([name, code]) => code < 2 && name !== 'blind'))(
  'transplant --json: %s',
  async (_name, code, args) => {
    const { stdout, code: seen } = await run(...args, '--json');
    expect(seen).toBe(code);
    const document = JSON.parse(stdout);
    expect(isDocument(document), JSON.stringify(isDocument.errors)).toBe(true);
    expect(document.written).toBe(code === 0 && !args.includes('--dry-run'));
  },
);

test('a document with everything in it fits the schema', () => {
  const difference = { path: 'a.b', given: '1', saved: '2', announced: false };
  const base = {
    schemaVersion: 1,
    kind: 'mstream-transplant',
    mstream: '1',
    planned: false,
    written: true,
    grade: 'exact',
    state: 'exact',
    machine: { source: 'a', destination: 'b' },
    copied: 1,
    sections: 1,
    counts: { exact: 0, assumed: 0, lossy: 0, impossible: 0 },
    differences: [],
    cpu: { grade: 'exact', source: 'max', destination: 'max', missing: ['avx'], why: 'equal' },
    bytesRead: 1,
    bytesWritten: 1,
  };
  for (const trial of [
    { state: 'passed', qemu: '7.2', compared: 3, regions: 2, differences: [difference] },
    { state: 'failed', qemu: '7.2', words: 'no', differences: [] },
  ]) {
    expect(isDocument({ ...base, trial }), JSON.stringify(isDocument.errors)).toBe(true);
  }
});

test('through pipes: the stream on stdout, the report on stderr', async () => {
  const file = await run('old', '-o', 'new', '--onto', 'donor-11.1');
  const piped = await mstream(['transplant', '-', '-o', '-', '--onto', 'donor-11.1'], {
    files,
    stdin: files.old,
    tty: {},
  });
  expect(piped.code).toBe(0);
  expect(piped.stderr).toBe(file.stdout);
  expect(Buffer.compare(piped.written.get('-') ?? new Uint8Array(0), file.written.get('new')!)).toBe(0);
});
