// `mstream verify` and `mstream explain` as people see them, their JSON against the schemas, and the exit codes.
import { mkdtempSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, test } from 'vitest';
import { openFile } from '../../src/bytes/node/file-source.js';
import { findingCodes } from '../../src/ops/verify/codes.js';
import { gunzipSync } from 'node:zlib';
import { mstream, transcript } from '../support/fake-host.js';
import { fixtureBytes, fixtureNames } from '../support/fixtures.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
ajv.addSchema(JSON.parse(read('docs/schema/common.json')));
const isVerification = ajv.compile(JSON.parse(read('docs/schema/verify.json')));
const isExplanations = ajv.compile(JSON.parse(read('docs/schema/explain.json')));

const folder = mkdtempSync(join(tmpdir(), 'mstream-verify-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  '4.0.0-ignore-shared',
  '7.2.22-q35-devices',
  '10.0.13-multifd',
  '5.2.0-postcopy',
  '11.1.3-mapped-ram',
  '7.2.22-no-configuration',
])('verify %s', async (name) => {
  const outcome = await mstream(['verify', 'state'], { files: { state: fixtureBytes(name) } });
  expect(outcome.code).toBe(0);
  await expect(transcript('mstream verify state', outcome)).toMatchFileSnapshot(`verify/${name}.txt`);
});

test.each([
  ['cut', (bytes: Uint8Array) => bytes.subarray(0, 30_000)],
  [
    'no-ram-part',
    (bytes: Uint8Array) =>
      Buffer.concat([
        bytes.subarray(0, 0x12c),
        bytes.subarray(Buffer.from(bytes).indexOf(Buffer.from('0300000002', 'hex'))),
      ]),
  ],
])('verify of damage: %s', async (name, damage) => {
  const outcome = await mstream(['verify', 'state'], { files: { state: damage(fixtureBytes('4.0.0-ignore-shared')) } });
  expect(outcome.code).toBe(1);
  await expect(transcript('mstream verify state', outcome)).toMatchFileSnapshot(`verify/${name}.txt`);
});

test.each(fixtureNames)('--json of %s', async (name) => {
  const { stdout, code } = await mstream(['verify', '--json', 'state'], { files: { state: fixtureBytes(name) } });
  expect(code).toBe(0);
  expect(isVerification(JSON.parse(stdout)), JSON.stringify(isVerification.errors)).toBe(true);
});

describe('many files', () => {
  const good = fixtureBytes('7.2.22-plain');
  const files = { good, cut: good.subarray(0, 9000), text: Buffer.from('hello, this is a text\n') };

  test.each([
    [['good'], 0],
    [['good', 'cut'], 1],
    [['cut', 'text', 'good'], 3],
    [['good', 'nosuch'], 3],
  ])('%s: exit %i', async (states, code) => {
    const outcome = await mstream(['verify', '--quiet', ...states], { files });
    expect(outcome.code).toBe(code);
    expect(
      outcome.stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(':')[0]),
    ).toEqual(states);
    const json = await mstream(['verify', '--json', ...states], { files });
    expect(json.code).toBe(code);
    expect(isVerification(JSON.parse(json.stdout)), JSON.stringify(isVerification.errors)).toBe(true);
  });

  test('from stdin', async () => {
    const { stdout, code } = await mstream(['verify', '-q', '-'], { stdin: good });
    expect([stdout.split(' ')[0], stdout.split(' ')[1], code]).toEqual(['-:', 'sound', 0]);
  });

  test.each([
    ['--quiet', '--json'],
    ['--memory', 'mem0'],
    ['--capability', 'x-ignore-shared=on'],
    ['--against-version', '99'],
    ['--machine', 'pc'],
    ['--against-version', '7.2', '--capability', 'x'],
  ])('%s %s is refused', async (...options) => {
    expect((await mstream(['verify', ...options, 'good'], { files })).code).toBe(2);
  });
});

describe('with its memory', () => {
  const state = join(folder, 'state');
  const memory = join(folder, 'mem0.img');
  const verify = async (...options: string[]): Promise<{ code: number; codes: string[] }> => {
    const { code, stdout } = await mstream(['verify', '--json', state, ...options], { openInput: openFile });
    return {
      code,
      codes: JSON.parse(stdout)
        .results[0].findings.flatMap((one: { code: string }) => (/^memory-/.test(one.code) ? [one.code] : []))
        .sort(),
    };
  };
  const write = (bytes: Uint8Array, seconds = 0): void => {
    writeFileSync(state, fixtureBytes('7.2.22-ignore-shared'));
    writeFileSync(memory, bytes);
    const now = Date.now() / 1000;
    utimesSync(state, now, now);
    utimesSync(memory, now + seconds, now + seconds);
  };
  const image = Uint8Array.from(
    gunzipSync(readFileSync(new URL('../../fixtures/streams/7.2.22-ignore-shared/mem0.img.gz', import.meta.url))),
  );

  test('the right one', async () => {
    write(image);
    expect(await verify('--memory', `mem0=${memory}`)).toEqual({ code: 0, codes: [] });
  });

  test('none, missing, of a block that is not there', async () => {
    write(image);
    expect(await verify()).toEqual({ code: 0, codes: ['memory-outside'] });
    expect(await verify('--memory', `mem0=${memory}.no`)).toEqual({ code: 1, codes: ['memory-missing'] });
    expect(await verify('--memory', `mem1=${memory}`)).toEqual({
      code: 1,
      codes: ['memory-no-such-block', 'memory-not-given', 'memory-outside'],
    });
  });

  test('of another size, newer, all zero, never written', async () => {
    write(new Uint8Array(4096).fill(1));
    expect(await verify('--memory', `mem0=${memory}`)).toEqual({ code: 1, codes: ['memory-size'] });
    write(image, 60);
    expect(await verify('--memory', `mem0=${memory}`)).toEqual({ code: 0, codes: ['memory-newer'] });
    write(new Uint8Array(image.length));
    expect(await verify('--memory', `mem0=${memory}`)).toEqual({ code: 1, codes: ['memory-zero'] });
    write(new Uint8Array(0));
    truncateSync(memory, image.length);
    utimesSync(memory, 0, 0);
    expect(await verify('--memory', `mem0=${memory}`)).toEqual({ code: 1, codes: ['memory-zero'] });
  });
});

describe('against a destination', () => {
  const profile = Uint8Array.from(
    gunzipSync(readFileSync(new URL('../../fixtures/profiles/7.2.22-pc.json.gz', import.meta.url))),
  );

  test('a profile: loads, and rejected in its own words', async () => {
    const files = { profile, state: fixtureBytes('7.2.22-plain'), other: fixtureBytes('10.0.13-plain') };
    const loads = await mstream(['verify', '-q', '--against', 'profile', 'state'], { files });
    expect([loads.code, loads.stdout.trimEnd().split('; ').at(-1)]).toEqual([0, 'loads']);
    const rejected = await mstream(['verify', '--against', 'profile', 'other'], { files });
    expect(rejected.code).toBe(1);
    expect(rejected.stdout).toContain("Machine type received is 'pc-i440fx-10.0' and local is 'pc-i440fx-7.2'");
    const json = await mstream(['verify', '--json', '--against', 'profile', 'state', 'other'], { files });
    expect(json.code).toBe(1);
    expect(isVerification(JSON.parse(json.stdout)), JSON.stringify(isVerification.errors)).toBe(true);
  });

  test('a release alone, and a capability that is set otherwise', async () => {
    const files = { state: fixtureBytes('7.2.22-ignore-shared') };
    const { code, stdout } = await mstream(
      ['verify', '--against-version', '7.2', '--capability', 'x-ignore-shared=off', 'state'],
      { files },
    );
    expect(code).toBe(1);
    expect(stdout).toContain('Capability x-ignore-shared is off, but received capability is on');
  });

  test('states × destinations: a table, the reasons, the worst exit code', async () => {
    const files = { profile, old: fixtureBytes('7.2.22-plain'), new: fixtureBytes('10.0.13-plain'), bad: profile };
    const args = ['--against', 'profile', '--against-version', '10.0', '--against-version', '4.0', 'old', 'new'];
    const { code, stdout } = await mstream(['verify', ...args], { files });
    await expect(`${stdout}[exit ${code}]\n`).toMatchFileSnapshot('verify/matrix.txt');
    const json = await mstream(['verify', '--json', ...args], { files });
    const document = JSON.parse(json.stdout);
    expect(isVerification(document), JSON.stringify(isVerification.errors)).toBe(true);
    expect(
      document.results.map((one: { input: string; prediction: { destination: string; verdict: string } }) => [
        one.input,
        one.prediction.destination.slice(0, 9),
        one.prediction.verdict,
      ]),
    ).toEqual([
      ['old', 'profile (', 'loads'],
      ['old', 'QEMU 10.0', 'loads'],
      ['old', 'QEMU 4.0', 'rejected'],
      ['new', 'profile (', 'rejected'],
      ['new', 'QEMU 10.0', 'loads'],
      ['new', 'QEMU 4.0', 'rejected'],
    ]);
    const all = ['verify', '--against', 'profile', '--against-version', '7.2', 'old'];
    expect((await mstream(all, { files })).code).toBe(0);
    expect((await mstream([...all, 'bad'], { files })).code).toBe(3);
  });

  test('no profile, no file', async () => {
    expect(
      (await mstream(['verify', '--against', 'state', 'state'], { files: { state: fixtureBytes('7.2.22-plain') } }))
        .code,
    ).toBe(2);
  });
});

describe('explain', () => {
  test('a golden of each kind', async () => {
    for (const [name, args, stdin] of [
      ['seed', ['explain', 'RAM block mem0 should  be migrated'], undefined],
      [
        'log',
        ['explain'],
        "qemu-system-x86_64: Features 0x1c0010130afffaf unsupported. Allowed features: 0x10179bfffef\nqemu-system-x86_64: error while loading state for instance 0x0 of device '0000:00:03.0/virtio-net'\nqemu-system-x86_64: load of migration failed: Operation not permitted\n",
      ],
      ['unknown', ['explain', 'segmentation fault'], undefined],
    ] as const) {
      const outcome = await mstream(args, stdin === undefined ? {} : { stdin: Buffer.from(stdin) });
      expect(outcome.code).toBe(name === 'unknown' ? 1 : 0);
      await expect(transcript(`mstream ${args.join(' ')}`, outcome)).toMatchFileSnapshot(`explain/${name}.txt`);
    }
  });

  test('--json and --state', async () => {
    const files = { state: fixtureBytes('7.2.22-plain') };
    const { stdout, code } = await mstream(
      ['explain', '--json', '--state', 'state', 'Missing section footer for timer'],
      { files },
    );
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(isExplanations(document), JSON.stringify(isExplanations.errors)).toBe(true);
    expect(document.explanations[0].places).toHaveLength(1);
    const none = await mstream(['explain', '--json', 'nothing']);
    expect([none.code, isExplanations(JSON.parse(none.stdout))]).toEqual([1, true]);
  });
});

test('docs/verify.md lists every code with its severity', () => {
  const listed = [...read('docs/verify.md').matchAll(/^\| `([a-z0-9-]+)` \| (\w+)/gm)].map(([, code, severity]) => [
    code,
    severity,
  ]);
  expect(listed.sort()).toEqual(
    Object.entries(findingCodes)
      .map(([code, facts]) => [code, facts.severity])
      .sort(),
  );
});
