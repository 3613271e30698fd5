// `mstream verify` as a user runs it where the file system and a real QEMU have a say: template folders, and `--load`,
// which must say what that QEMU says and change nothing. Imports support.
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guestFirmware } from '../../src/clone/guest.js';
import { hashFile } from '../../src/clone/manifest.js';
import { onQemu } from './support/qemus.js';
import { runMstream } from './support/run-mstream.js';

const schema = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../docs/schema/${name}.json`, import.meta.url), 'utf8')) as object;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
ajv.addSchema(schema('common'));
const fits = ajv.compile(schema('verify'));

const folder = mkdtempSync(join(tmpdir(), 'mstream-verify-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const mstream = (...args: string[]): ReturnType<typeof runMstream> => runMstream(folder, args);

interface Document {
  readonly results: readonly {
    readonly findings: readonly { readonly code: string }[];
    readonly prediction?: {
      readonly verdict: string;
      readonly trial?: { readonly verdict: string; readonly lines: readonly string[] };
    };
  }[];
}

function document(stdout: string): Document {
  const parsed = JSON.parse(stdout) as Document;
  expect(fits(parsed), ajv.errorsText(fits.errors)).toBe(true);
  return parsed;
}

onQemu('7.2', 'mstream verify', () => {
  const common = ['-m', '8', '-nodefaults', '-vga', 'none', '-bios', 'guest.bin'];
  const source = ['--', 'lab:7.2', '-M', 'pc', ...common, '-debugcon', 'file:console'];
  const clone = (...more: string[]): string[] => [
    ...['--', 'lab:7.2', '-M', 'pc,memory-backend=mem0', ...common, '-debugcon', 'null'],
    ...['-object', 'memory-backend-file,id=mem0,size=8M,mem-path=t/memory,share=off', ...more],
  ];

  beforeAll(async () => {
    writeFileSync(join(folder, 'guest.bin'), guestFirmware());
    expect(
      await mstream('template', 'create', 't', '--ready-file', 'console', '--ready-text', 'R', ...source),
    ).toMatchObject({ code: 0 });
  });

  describe('of a template folder', () => {
    const memory = (name: string): string => join(folder, name, 'memory');
    /** What was done to a copy of it, the code of the finding, and the exit code. */
    test.each<[string, number, (name: string) => void]>([
      ['state-changed', 1, (name) => flip(join(folder, name, 'state'), 0x6390)],
      ['memory-changed', 1, (name) => flip(memory(name), 0x100000)],
      ['memory-size', 1, (name) => truncateSync(memory(name), 4 << 20)],
      ['memory-zero', 1, (name) => writeFileSync(memory(name), Buffer.alloc(8 << 20))],
      ['memory-missing', 1, (name) => rmSync(memory(name))],
      ['memory-newer', 0, (name) => utimesSync(memory(name), new Date(), new Date(Date.now() + 3_600_000))],
    ])('%s', async (code, exit, damage) => {
      cpSync(join(folder, 't'), join(folder, code), { recursive: true, preserveTimestamps: true });
      const before = await mstream('verify', '--json', code);
      expect(before.code).toBe(0);
      expect(codes(before.stdout)).not.toContain(code);
      damage(code);
      const after = await mstream('verify', '--json', code);
      expect(codes(after.stdout)).toContain(code);
      expect(after.code).toBe(exit);
      rmSync(join(folder, code), { recursive: true });
    });

    test('a folder that is none', async () => {
      expect(await mstream('verify', '.')).toMatchObject({ code: 2, stdout: '' });
    });
  });

  describe('--load', () => {
    test('loads, as predicted, and no file is another', async () => {
      const hashes = (): Promise<string[]> =>
        Promise.all(['t/state', 't/memory', 't/manifest.json'].map((name) => hashFile(join(folder, name))));
      const before = await hashes();
      const { code, stdout, stderr } = await mstream(
        'verify',
        '--load',
        't',
        ...clone('-device', 'loader,addr=0x20000,data=0x11223344,data-len=4'),
      );
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain('  tried: loads, paused, as predicted\n');
      expect(await hashes()).toEqual(before);
    });

    test('refused, as predicted, in its own words', async () => {
      const refused = await mstream(
        'verify',
        '--load',
        '--json',
        '--capability',
        'x-ignore-shared=off',
        't/state',
        ...clone(),
      );
      expect(refused.code).toBe(1);
      const [result] = document(refused.stdout).results;
      expect(result!.prediction).toMatchObject({
        verdict: 'rejected',
        trial: {
          verdict: 'rejected',
          lines: [
            'Capability x-ignore-shared is off, but received capability is on',
            'load of migration failed: Invalid argument',
          ],
        },
      });
      // Said apart from what was predicted.
      expect(
        (await mstream('verify', '--load', '--capability', 'x-ignore-shared=off', 't/state', ...clone())).stdout,
      ).toContain('  tried: rejected, as predicted\n');
    });

    test.each<[string, Buffer | undefined, string[], string, number]>([
      ['a magic', Buffer.from('QEVX'), ['Not a migration stream'], 'rejected', 3],
      ['a version', Buffer.from('QEVM\0\0\0\x04'), ['Unsupported migration stream version'], 'rejected', 1],
      ['an empty file', undefined, [], 'hung', 3],
    ])('%s that QEMU refuses in the header is predicted and tried', async (name, head, lines, verdict, alone) => {
      const state = readFileSync(join(folder, 't/state'));
      head?.copy(state);
      const file = name.replaceAll(' ', '-');
      writeFileSync(join(folder, file), head === undefined ? '' : state);
      const { code, stdout } = await mstream('verify', '--load', '--json', file, ...clone());
      expect(code).toBe(1);
      const { prediction } = document(stdout).results[0]!;
      expect(prediction!.trial!.verdict).toBe(verdict);
      expect(prediction!.trial!.lines.slice(0, 1)).toEqual(lines);
      expect((await mstream('verify', '--load', file, ...clone())).stdout).toMatch(/tried: \w+, as predicted\n/);
      expect(await mstream('verify', '--against-version', '7.2', file)).toMatchObject({ code: alone });
    });

    test('the stream inside of a container', async () => {
      writeFileSync(join(folder, 'packed.gz'), gzipSync(readFileSync(join(folder, 't/state'))));
      const { code, stdout } = await mstream('verify', '--load', 'packed.gz', ...clone());
      expect(stdout).toContain('  tried: loads, paused, as predicted\n');
      expect(code).toBe(0);
    });

    test('capabilities that the monitor does not take, in its own words', async () => {
      const { code, stdout } = await mstream(
        ...['verify', '--load', '--json', '--capability', 'postcopy-ram=on', '--capability', 'x-ignore-shared=on'],
        ...['t/state', ...clone()],
      );
      expect(code).toBe(1);
      const words = ['Postcopy is not compatible with ignore-shared'];
      expect(document(stdout).results[0]!.prediction).toMatchObject({
        verdict: 'rejected',
        messages: words,
        trial: { verdict: 'rejected', lines: words },
      });
    });

    test('a QEMU that dies of it', async () => {
      const runState = Buffer.alloc(100);
      runState.write('debug');
      expect(
        await mstream(
          'rewrite',
          't/state',
          '-o',
          'dies',
          '--set-bytes',
          `globalstate.runstate=${runState.toString('hex')}`,
        ),
      ).toMatchObject({ code: 0 });
      const { code, stdout } = await mstream('verify', '--load', 'dies', ...clone());
      expect(stdout).toMatch(/\n {2}tried: died/);
      expect(code).toBe(4);
    });

    test('nothing to try with, nothing to try, and what this QEMU does not have', async () => {
      expect(await mstream('verify', '--load', 't')).toMatchObject({ code: 2, stdout: '' });
      expect(await mstream('verify', '--load', '-', ...clone())).toMatchObject({ code: 2, stdout: '' });
      expect(await mstream('verify', '--load', 't', '--', './no-qemu')).toMatchObject({ code: 4, stdout: '' });
      const unheard = await mstream('verify', '--load', '--capability', 'no-such=on', 't', ...clone());
      expect(unheard).toMatchObject({ code: 2, stdout: '' });
      expect(unheard.stderr).toContain('has none of that name');
    });
  });
});

const codes = (stdout: string): string[] => document(stdout).results[0]!.findings.map(({ code }) => code);

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 0x01;
  writeFileSync(path, bytes);
}
