// `mstream get` and `mstream inspect --devices` as people type them: what is a value, what a name, what comes when
// nothing matches, how options without values are read.
import { describe, expect, test } from 'vitest';
import { mstream, type FakeHostOptions } from '../../support/fake-host.js';
import { fixtureBytes } from '../../support/fixtures.js';

const state = fixtureBytes('4.0.0-ignore-shared');
const smp = fixtureBytes('10.0.13-q35-devices');
const bare = fixtureBytes('10.0.13-no-vmdesc');
const files = { state, smp, bare, donor: fixtureBytes('10.0.13-plain'), cut: state.subarray(0, 27_000) };
const run = (args: readonly string[], options: FakeHostOptions = {}) => mstream(args, { files, ...options });

describe('get', () => {
  test.each([
    ['a number', ['cpu.env.eip'], '59\n'],
    ['with its instance', ['cpu/0.env.eip'], '59\n'],
    ['a text', ['globalstate.runstate'], 'paused\n'],
    ['a bool', ['*/piix4_pm.smb.op_done'], 'true\n'],
    ['a negative one', ['mc146818rtc.periodic_timer'], '-1\n'],
    ['bytes', ['mc146818rtc.unused[1]'], `${'00'.repeat(24)}\n`],
    ['an element', ['apic.lvt[3]'], '65536\n'],
    ['an array', ['apic.icr'], 'apic.icr[0]=0\napic.icr[1]=0\n'],
    ['several', ['cpu.env.eip', 'port92.outport'], 'cpu.env.eip=59\nport92.outport=0\n'],
    ['a device of one field', ['port92'], '0\n'],
    [
      'a subtree',
      ['cpu.env.gdt'],
      'cpu.env.gdt.selector=0\ncpu.env.gdt.base=0\ncpu.env.gdt.limit=65535\ncpu.env.gdt.flags=0\n',
    ],
    [
      'a glob',
      ['cpu.env.?dt', 'cpu.env.*dt.limit'],
      'cpu.env.ldt.limit=65535\ncpu.env.gdt.limit=65535\ncpu.env.idt.limit=65535\n',
    ],
  ])('%s', async (_, paths, stdout) => {
    const outcome = await run(['get', 'state', ...paths]);
    expect(outcome.stdout).toBe(stdout);
    expect(outcome.code).toBe(paths.includes('cpu.env.?dt') ? 1 : 0);
    const piped = await run(['get', '-', ...paths], { stdin: state });
    expect([piped.stdout, piped.code]).toEqual([outcome.stdout, outcome.code]);
  });

  test('an array of bytes is one value', async () => {
    expect((await run(['get', 'smp', '*/virtio-net*device.mac'])).stdout).toMatch(/^[0-9a-f]{12}\n$/);
  });

  test('of two CPUs both are meant, unless one is named', async () => {
    expect((await run(['get', 'smp', 'cpu.env.mp_state'])).stdout).toMatch(
      /^cpu\.env\.mp_state=\d+\ncpu\/1\.env\.mp_state=\d+\n$|^$/,
    );
    expect((await run(['get', 'smp', 'cpu.env.eip'])).stdout).toMatch(/^cpu\.env\.eip=\d+\ncpu\/1\.env\.eip=\d+\n$/);
    expect((await run(['get', 'smp', 'cpu/1.env.eip'])).stdout).toMatch(/^\d+\n$/);
  });

  test('JSON: full paths, spans, values', async () => {
    const { stdout } = await run(['get', 'state', 'cpu.env.eip', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      kind: 'fields',
      mstream: '0.0.0-test',
      input: { label: 'state', size: state.length },
      note: null,
      fields: [
        { path: 'cpu.env.eip', type: 'uint64', value: '59', label: 'rip', span: { start: 21_856, end: 21_864 } },
      ],
    });
  });

  test.each([
    [
      'nothing',
      ['cpu.env.eipp'],
      /no-match: "cpu\.env\.eipp" matches nothing.*\n.*`mstream inspect --devices=cpu STATE` lists its fields/,
    ],
    ['no device', ['piix4_pm.x'], /devices with such a name: 0000:00:01\.3\/piix4_pm/],
    ['one of two: the other is printed', ['cpu.env.eip', 'nobody'], /no-match: "nobody" matches nothing/],
  ])('%s', async (_, paths, words) => {
    const { code, stderr, stdout } = await run(['get', 'state', ...paths]);
    expect([code, stdout]).toEqual([1, paths.length > 1 ? '59\n' : '']);
    expect(stderr).toMatch(words);
  });

  test('a device that nothing describes, and one that another stream does', async () => {
    const alone = await run(['get', 'bare', 'cpu.env.eip']);
    expect([alone.code, alone.stdout]).toEqual([1, '']);
    expect(alone.stderr).toContain('(the stream has no vmdescription); --schema-from FILE may');
    expect((await run(['get', 'bare', 'cpu.env.eip', '--schema-from', 'donor'])).stdout).toMatch(/^\d+\n$/);
    expect((await run(['get', 'bare', 'port92', '--schema-from', 'bare'])).stderr).toMatch(
      /^bad-vmdescription: nothing can be learned from bare: the stream has no vmdescription/,
    );
    expect((await run(['get', '-', 'x', '--schema-from', '-'], { stdin: state })).code).toBe(2);
  });

  test('damage: what could be read, then the error', async () => {
    const { code, stdout, stderr } = await run(['get', 'cut', 'timer.cpu_clock_offset']);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/^truncated: /);
    expect((await run(['get', 'cut', 'timer'])).code).toBe(3);
    expect((await run(['get', 'state'])).code).toBe(2);
  });
});

describe('inspect --devices', () => {
  test.each([
    [['--devices', 'state']],
    [['state', '--devices']],
    [['state', '--devices', '*']],
    [['--devices=*', 'state']],
  ])('%j: all of them', async (args) => {
    const { stdout, code } = await run(['inspect', ...args]);
    expect(code).toBe(0);
    expect(stdout.match(/^\S.* version /gm)?.length).toBe(29);
    expect(stdout).toMatch(/\n29 devices, 11,929 bytes \(11\.6 KiB\)\n$/);
  });

  test.each([
    [['--devices', 'cpu', 'state']],
    [['state', '--devices', 'cpu']],
    [['--devices=cpu', 'state']],
    [['--devices', 'cpu', '--hex', 'state']],
    [['--hex', '--devices', 'cpu', 'state']],
    [['state', '--devices', 'cpu', '--hex']],
  ])('%j: one of them', async (args) => {
    const { stdout, code } = await run(['inspect', ...args]);
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'cpu  version 12, 1,817 bytes (1.77 KiB) at 0x54e0']);
    expect(/^ {2}0x0000[0-9a-f]{4} {2}[0-9a-f]{2} .* env\.eip /m.test(stdout)).toBe(args.includes('--hex'));
  });

  test('several names, in stream order', async () => {
    const { stdout } = await run(['inspect', 'state', '--devices', 'port92', '--devices', 'cpu*']);
    expect([...stdout.matchAll(/^(\S+) {2}version/gm)].map(([, name]) => name)).toEqual([
      'cpu_common',
      'cpu',
      'port92',
    ]);
  });

  test.each<[readonly string[], number, RegExp]>([
    [['--devices', 'nobody', 'state'], 1, /no device is called "nobody"/],
    [['--devices', '--blocks', 'state'], 2, /--blocks and --devices are different reports/],
    [['--devices', '--hex', '0+10', 'state'], 2, /--devices and --hex are different reports/],
    [['--schema', '--json', 'state'], 2, /different reports/],
    [['--devices'], 2, /an argument is missing/],
    [['--hex', 'state'], 2, /an argument is missing/],
    [['state', '--hex'], 2, /--hex: of which bytes\?/],
  ])('%j', async (args, code, words) => {
    const outcome = await run(['inspect', ...args]);
    expect([outcome.code, outcome.stdout]).toEqual([code, '']);
    expect(outcome.stderr).toMatch(words);
  });

  test('no layout: opaque, with its exact end and the reason', async () => {
    const { stdout } = await run(['inspect', 'bare', '--devices', 'cpu']);
    expect(stdout).toMatch(
      /^cpu {2}version 12, 1,851 bytes .*, 1,851 opaque \(100\.0 %\), end found by its footer, no layout: the stream has no vmdescription\n/,
    );
  });

  test('the schema of two saves of one machine is the same text, whatever their values and places', async () => {
    const text = async (name: string): Promise<string> =>
      (await mstream(['inspect', '--schema', 'state'], { files: { state: fixtureBytes(name) } })).stdout;
    expect(await text('7.2.22-live')).toBe(await text('7.2.22-plain'));
    expect(await text('10.0.13-plain')).not.toBe(await text('7.2.22-plain'));
  });

  test('JSON of a stream that breaks off', async () => {
    const { code, stdout } = await run(['inspect', 'cut', '--devices', '--json']);
    const document = JSON.parse(stdout);
    expect([code, document.error.code, document.how]).toEqual([3, 'truncated', 'walk']);
    expect(document.devices.length).toBeGreaterThan(3);
  });

  test('no stream at all', async () => {
    for (const args of [
      ['inspect', '--devices', 'other'],
      ['inspect', '--schema', 'other'],
      ['get', 'other', 'cpu'],
    ]) {
      const outcome = await mstream(args, { files: { other: Buffer.from('{"a": 1}') } });
      expect([outcome.code, outcome.stdout, outcome.stderr]).toEqual([
        3,
        '',
        expect.stringMatching(/^not-a-stream: not a migration stream: this is JSON/),
      ]);
    }
  });

  test('hostile names are harmless on a terminal', async () => {
    const evil = Buffer.from(state);
    const at = evil.lastIndexOf('"env.eip"');
    evil.write('"\\u001b[2J"', at - 0, 'latin1');
    const { stdout, stderr } = await mstream(['inspect', '--devices', 'state'], { files: { state: evil } });
    expect(stdout + stderr).not.toContain('\u001b');
  });
});
