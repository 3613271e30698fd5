// `mstream mem` on captures.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { mstream, type Outcome } from '../../support/fake-host.js';
import { fixtureBytes } from '../../support/fixtures.js';

const files = { state: fixtureBytes('11.1.3-plain'), s390x: fixtureBytes('11.1.3-s390x-ccw') };
const run = (...args: string[]): Promise<Outcome> => mstream(['mem', ...args], { files });
const isMemory = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(new URL('../../../docs/schema/mem.json', import.meta.url), 'utf8')) as object,
);

describe('mem', () => {
  test('reads: hexdump, raw, JSON', async () => {
    const { stdout, code } = await run('state', 'read', '0x10003', '20');
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.slice(0, 26))).toEqual([
      '0x00010000           4d 89',
      expect.stringMatching(/^0x00010010 {2}(\w\w ){4}/),
      '',
    ]);
    expect(stdout).toMatch(/^0x00010000 {11}4d 89 e7 44 99 {2}(\S\S ){8} \| {3}M\.\.D\./);
    expect((await run('state', 'read', '0x10000', '4', '--raw')).stdout).toBe('RTSM');
    const json = JSON.parse((await run('state', 'read', '0x10000', '4', '--json')).stdout);
    expect(isMemory(json), JSON.stringify(isMemory.errors)).toBe(true);
    expect(json).toMatchObject({ cpu: null, read: { address: '0x10000', length: 4, whole: true, bytes: '5254534d' } });
  });

  test('finds texts and bytes', async () => {
    // The firmware has the number in its code, and lies at two addresses.
    expect(await run('state', 'find', 'RTSM')).toMatchObject({ code: 0, stdout: '0x10000\n0xf0016\n0xffff0016\n' });
    expect(await run('state', 'find', 'hex:5254534d', '--cpu', '0', '--range', '0-20000')).toMatchObject({
      stdout: '0x10000\n',
    });
    expect(await run('state', 'find', 'hex:5254534d', '--range', '10001-20000')).toMatchObject({ code: 1, stdout: '' });
    const some = await run('state', 'find', 'hex:00', '--limit', '2', '--json');
    const document = JSON.parse(some.stdout);
    expect(isMemory(document), JSON.stringify(isMemory.errors)).toBe(true);
    expect(document.find).toEqual({ pattern: '00', hits: ['0x0', '0x1'], more: true });
  });

  test('translates', async () => {
    const both = await run('state', 'translate', '0x1234', '0x80000000');
    expect(both).toMatchObject({
      code: 1,
      stdout: '0x1234  0x1234, up to 0xc0000\n0x80000000  not mapped, up to 0xffff0000\n',
    });
    const json = JSON.parse((await run('state', 'translate', '0x80000000', '--json')).stdout);
    expect(isMemory(json), JSON.stringify(isMemory.errors)).toBe(true);
    expect(json.translate).toEqual([{ address: '0x80000000', physical: null, end: '0xffff0000' }]);
  });

  test.each([
    [['state', 'read', '0x80000000'], 3, 'no memory is at 0x80000000'],
    [['state', 'read', '0x1ffff0', '32'], 0, 'some of these addresses are not memory'],
    [['state', 'read', '0xffffffffffffffff', '1'], 3, 'no memory is at 0xffffffffffffffff'],
    [['state', 'read', '0x10000000000000000'], 2, 'not an address'],
    [['state', 'read', 'zero'], 2, 'not an address'],
    [['state', 'read', '0', '0'], 2, 'a length of 0'],
    [['state', 'read', '0', '1G'], 2, '--raw has no limit'],
    [['state', 'read', '0', '--json', '--raw'], 2, 'different outputs'],
    [['state', 'find', 'hex:123'], 2, 'pairs of hex digits'],
    [['state', 'find', ''], 2, '1 to 4096 bytes'],
    [['state', 'find', 'a', 'b'], 2, 'one pattern'],
    [['state', 'find', 'a', '--range', '5-5'], 2, 'not START-END'],
    [['state', 'translate', '0', '--cpu', '7'], 3, 'the stream has 1 CPUs, none with the number 7'],
    [['s390x', 'translate', '0', '--cpu', '0'], 3, 'page tables of s390x are not read'],
  ])('%j', async (args, code, words) => {
    const outcome = await run(...args);
    expect(outcome.stderr).toContain(words);
    expect(outcome.code).toBe(code);
  });
});
