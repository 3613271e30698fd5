// What yargs is kept from doing to arguments, and that commands load only when they are named.
import { describe, expect, test } from 'vitest';
import { hideDashes, showDash, showDashes } from '../../../src/cli/args.js';
import { defineCommand, type CommandEntry } from '../../../src/cli/command.js';
import type { Host } from '../../../src/cli/host.js';
import { flag, type Option, type ValuesOf } from '../../../src/cli/option.js';
import { parseArgs } from '../../../src/cli/parse.js';
import { exitCode } from '../../../src/cli/exit-code.js';

const options = {
  input: { type: 'string', positional: true } as Option<string | undefined>,
  output: { type: 'string', alias: 'o' } as Option<string | undefined>,
  set: { type: 'string', array: true } as Option<readonly string[] | undefined>,
  verbose: flag(''),
};
type Options = ValuesOf<typeof options> & { readonly noProgress?: boolean };

const command = defineCommand({ examples: [], options, run: async () => exitCode.clean });

const loads: string[] = [];
const table: CommandEntry[] = ['convert', 'other'].map((name) => ({
  name,
  usage: `${name} [input]`,
  summary: 'for this test',
  load: async () => (loads.push(name), command),
}));

async function parse(...args: string[]): Promise<{ options: Options; rest: readonly string[] }> {
  const parsed = await parseArgs({ args, version: '1', env: {}, stdout: {} } as unknown as Host, table);
  if (parsed.kind !== 'command') throw new TypeError(parsed.text);
  return { options: parsed.options as Options, rest: parsed.rest };
}

describe('a dash', () => {
  test('as a positional comes through yargs', async () => {
    const { options } = await parse('convert', '-');
    expect(showDash(options.input!)).toBe('-');
  });

  test('as the value of an option comes through yargs', async () => {
    for (const args of [
      ['-o', '-'],
      ['--output', '-'],
    ]) {
      const { options } = await parse('convert', '-', ...args);
      expect(showDash(options.output!)).toBe('-');
      expect(showDash(options.input!)).toBe('-');
    }
  });

  test('behind -- is left alone', async () => {
    expect(hideDashes(['-', '--', '-'])[2]).toBe('-');
    expect((await parse('convert', 'x', '--', 'qemu', '-')).rest).toEqual(['qemu', '-']);
  });

  test('never shows up as the token that stood for it', () => {
    expect(showDashes(`Unknown argument: ${hideDashes(['-'])[0]!}`)).toBe('Unknown argument: -');
  });
});

describe('what yargs would rewrite stays as it was typed', () => {
  test('behind --', async () => {
    const argv = [
      'qemu-system-x86_64',
      '-m',
      '0x10',
      '-smp',
      '007',
      '-x',
      '1e3',
      '--help',
      '-version',
      '18446744073709551615',
    ];
    expect((await parse('convert', 'x', '--', ...argv)).rest).toEqual(argv);
  });

  test.each(['0x10', '1e3', '007', '18446744073709551615', '1.0'])('a file called %s', async (name) => {
    expect((await parse('convert', name)).options.input).toBe(name);
  });

  test('names with dots', async () => {
    expect((await parse('convert', 'x', '--set', 'cpu/0.env.eip=0x10')).options.set).toEqual(['cpu/0.env.eip=0x10']);
  });
});

test('an option that may be repeated takes one value each time, and no positional', async () => {
  const { options } = await parse('convert', '--set', 'a=1', '--set', 'b=2', 'state');
  expect(options).toMatchObject({ set: ['a=1', 'b=2'], input: 'state' });
});

test('options go before and behind', async () => {
  expect((await parse('--no-progress', 'convert', 'x', '--verbose')).options).toMatchObject({
    noProgress: true,
    verbose: true,
    input: 'x',
  });
});

test('only the command that is named is loaded', async () => {
  loads.length = 0;
  await parse('convert', 'x');
  expect(loads).toEqual(['convert']);
});

test('a file called like a command is a file', async () => {
  expect((await parse('convert', 'other')).options.input).toBe('other');
});
