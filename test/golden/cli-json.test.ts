// JSON of every fixture against the published schemas, and against the bytes: the spans of events tile the input.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { errorCodes } from '../../src/base/errors.js';
import { layouts } from '../../src/wire/dialect.js';
import { mstream } from '../support/fake-host.js';
import { fixtureBytes, fixtureNames } from '../support/fixtures.js';

const schema = (name: string): { $defs: Record<string, { enum?: readonly string[] }> } =>
  JSON.parse(readFileSync(new URL(`../../docs/schema/${name}`, import.meta.url), 'utf8'));
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: false });
const common = schema('common.json');
ajv.addSchema(common);
const isDocument = ajv.compile(schema('inspect.json'));
const isEvent = ajv.compile(schema('inspect-event.json'));
const isDevices = ajv.compile(schema('devices.json'));
const isFields = ajv.compile(schema('get.json'));

test.each(fixtureNames)('--json of %s', async (name) => {
  const { stdout, code } = await mstream(['inspect', '--json', 'state'], { files: { state: fixtureBytes(name) } });
  expect(code).toBe(0);
  expect(isDocument(JSON.parse(stdout)), JSON.stringify(isDocument.errors)).toBe(true);
});

/** Pages of a mapped-ram file lie in the area that follows; a disagreement is told when the vmdescription was read. */
function pointsElsewhere(event: { event: string; code?: string }): boolean {
  return event.event === 'mapped-pages' || event.code === 'vmdescription-disagrees';
}

test.each(fixtureNames)('--jsonl of %s', async (name) => {
  const bytes = fixtureBytes(name);
  const { stdout } = await mstream(['inspect', '--jsonl', 'state'], { files: { state: bytes } });
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  let at = 0;
  for (const event of events) {
    expect(isEvent(event), `${JSON.stringify(event)} ${JSON.stringify(isEvent.errors?.slice(-1))}`).toBe(true);
    if (event.span === undefined) continue;
    if (pointsElsewhere(event)) {
      expect(event.span.end).toBeLessThanOrEqual(bytes.length);
      continue;
    }
    expect(event.span.start).toBe(at);
    at = event.span.end;
  }
  expect(at).toBe(bytes.length);
  expect(events[0].event).toBe('input');
  expect(events.at(-1)).toEqual({ event: 'end', bytes: bytes.length });
});

test.each(fixtureNames)('--devices --json of %s', async (name) => {
  const bytes = fixtureBytes(name);
  const files = { state: bytes };
  const { stdout, code } = await mstream(['inspect', '--devices', '--json', '--hex', 'state'], { files });
  expect(code).toBe(0);
  const document = JSON.parse(stdout);
  expect(isDevices(document), JSON.stringify(isDevices.errors)).toBe(true);
  for (const { fields, payload } of document.devices) {
    const hex = fields.map((field: { bytes: string }) => field.bytes).join('');
    expect(hex === Buffer.from(bytes.subarray(payload.start, payload.end)).toString('hex')).toBe(true);
  }
  const got = await mstream(['get', '--json', 'state', 'globalstate', '*/piix4_pm'], { files });
  expect(isFields(JSON.parse(got.stdout)), JSON.stringify(isFields.errors)).toBe(true);
});

test('damage fits the schemas too, wherever it stands', async () => {
  const bytes = fixtureBytes('4.0.0-ignore-shared');
  for (const length of [0, 3, 8, 50, 120, 300, 5000, 21_630, 30_000, 34_337, 60_000]) {
    const files = { state: bytes.subarray(0, length) };
    const document = await mstream(['inspect', '--json', 'state'], { files });
    expect(document.code).toBe(3);
    const parsed = JSON.parse(document.stdout);
    expect(isDocument(parsed), JSON.stringify(isDocument.errors)).toBe(true);
    expect(parsed.error.code).toBe(length < 4 ? 'not-a-stream' : 'truncated');
    const { stdout } = await mstream(['inspect', '--jsonl', 'state'], { files });
    for (const line of stdout.trimEnd().split('\n')) expect(isEvent(JSON.parse(line)), line).toBe(true);
  }
});

test('convert --json of every kind', async () => {
  const isConversion = ajv.compile(schema('convert.json'));
  const bytes = fixtureBytes('10.0.13-plain');
  const kinds = schema('convert.json') as unknown as { properties: { to: { enum: string[] } } };
  const { stdout: help } = await mstream(['convert', '--help']);
  for (const to of kinds.properties.to.enum) expect(help).toContain(`"${to}"`);
  for (const to of ['plain', 'mapped-ram', 'qcow2', 'gzip']) {
    const { stdout, code } = await mstream(['convert', 'state', '-o', 'out', '--to', to, '--json'], {
      files: { state: bytes },
    });
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as { to: string; bytes: number };
    expect(isConversion(document), JSON.stringify(isConversion.errors)).toBe(true);
    expect(document.to).toBe(to);
    if (to !== 'mapped-ram') expect(document.bytes).toBe(bytes.length);
  }
});

test('the schemas name what the code names', () => {
  expect(common.$defs['ErrorCode']!.enum).toEqual([...errorCodes]);
  expect(common.$defs['Layout']!.enum).toEqual(Object.keys(layouts));
});
