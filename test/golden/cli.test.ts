// What people see: `mstream inspect` of every fixture, the help, and docs/cli.md, which is made from the help.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.js';
import { exitCodeTexts } from '../../src/cli/exit-code.js';
import { mstream, transcript } from '../support/fake-host.js';
import { fixtureBytes, fixtureNames } from '../support/fixtures.js';

test.each(fixtureNames)('inspect %s', async (name) => {
  const outcome = await mstream(['inspect', 'state'], { files: { state: fixtureBytes(name) } });
  expect(outcome.code).toBe(0);
  await expect(transcript('mstream inspect state', outcome)).toMatchFileSnapshot(`inspect/${name}.txt`);
});

test.each(fixtureNames)('a pipe shows the same of %s', async (name) => {
  const bytes = fixtureBytes(name);
  const file = JSON.parse((await mstream(['inspect', '--json', 'state'], { files: { state: bytes } })).stdout);
  const piped = await mstream(['inspect', '--json', '-'], { stdin: bytes });
  const pipe = JSON.parse(piped.stdout);
  expect(piped.code).toBe(0);
  expect(pipe.input).toEqual({ label: 'stdin', size: null });
  for (const part of ['complete', 'producer', 'configuration', 'blocks', 'totals'] as const)
    expect(pipe[part]).toEqual(file[part]);
  const places = (document: typeof file): unknown =>
    document.sections.map(({ kind, span, section }: { kind: unknown; span: unknown; section: unknown }) => ({
      kind,
      span,
      section,
    }));
  expect(places(pipe)).toEqual(places(file));
});

test('the example is the stream that its name says', () => {
  const example = readFileSync(new URL('../../fixtures/example/state', import.meta.url));
  expect(Buffer.compare(example, fixtureBytes('4.0.0-ignore-shared'))).toBe(0);
});

test('the first ten lines of a template tell what matters', async () => {
  const { stdout } = await mstream(['inspect', 'state'], { files: { state: fixtureBytes('4.0.0-ignore-shared') } });
  const head = stdout.split('\n').slice(0, 10).join('\n');
  for (const fact of [
    'QEMU 4.0 exactly',
    'an ignored byte in each block list entry',
    'pc-i440fx-4.0',
    'x-ignore-shared',
    'mem0 2 MiB: ignored',
  ]) {
    expect(head).toContain(fact);
  }
});

test.each([
  ['--sections'],
  ['--blocks'],
  ['--sections', '--blocks'],
  ['--pages'],
  ['--hex', '4e-180'],
  ['--hex', '0+10'],
  ['--hex', '5460+30'],
])('inspect %s %s', async (...options) => {
  const outcome = await mstream(['inspect', ...options, 'state'], {
    files: { state: fixtureBytes('4.0.0-ignore-shared') },
  });
  expect(outcome.code).toBe(0);
  const name = options
    .join(' ')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(1);
  await expect(transcript(`mstream inspect ${options.join(' ')} state`, outcome)).toMatchFileSnapshot(
    `inspect-options/${name}.txt`,
  );
});

test.each([['--devices'], ['--devices=*/piix4_pm'], ['--devices', 'mc146818rtc', '--hex'], ['--schema']])(
  'inspect %s %s %s',
  async (...options) => {
    const outcome = await mstream(['inspect', ...options, 'state'], {
      files: { state: fixtureBytes('4.0.0-ignore-shared') },
    });
    const name = options
      .join(' ')
      .replaceAll(/[^a-z0-9]+/g, '-')
      .slice(1);
    await expect(transcript(`mstream inspect ${options.join(' ')} state`, outcome)).toMatchFileSnapshot(
      `inspect-options/${name}.txt`,
    );
  },
);

test('colours', async () => {
  const outcome = await mstream(['inspect', '--color=always', '--blocks', 'state'], {
    files: { state: fixtureBytes('4.0.0-ignore-shared') },
  });
  await expect(outcome.stdout.replaceAll('\u001b', '<ESC>')).toMatchFileSnapshot('inspect-options/colour.txt');
});

test('docs/cli.md', async () => {
  await expect(await cliDocument()).toMatchFileSnapshot('../../docs/cli.md');
});

/** The reference, made of what the program itself says. */
async function cliDocument(): Promise<string> {
  const help = async (...args: string[]): Promise<string> => {
    const { code, stdout } = await mstream([...args, '--help'], { tty: { stdout: true }, columns: 100 });
    expect(code).toBe(0);
    return `\`\`\`\n${stdout.trimEnd()}\n\`\`\`\n`;
  };
  const parts = [
    '# The command line\n\nMade from the program by `npm run golden`; a test holds the two together.\n',
    await help(),
    '## Everywhere\n',
    [
      '- Data goes to stdout, everything else (errors, warnings about the run, progress) to stderr.',
      '- `-` is stdin or stdout. A file of that name is `./-`.',
      '- Colour: `--color` beats `NO_COLOR`, which beats `FORCE_COLOR`, which beats what the output is. No colour into pipes and files.',
      '- Progress shows on stderr when that is a terminal and the work takes longer than half a second.',
      '- Names from a stream are escaped in text (`\\xNN` for everything that is not printable ASCII); in JSON they are exact, in ASCII with `\\uNNNN`.',
      '- An error says what, where (offset in hex and path in the stream), and what to try. What could be read before it is printed first.\n',
    ].join('\n'),
    '## Exit codes\n',
    ['| code | means |', '| --- | --- |', ...exitCodeTexts.map(([code, text]) => `| ${code} | ${text} |`), ''].join(
      '\n',
    ),
    '## JSON\n',
    [
      'Every document has `schemaVersion`; schemas are in [schema/](schema/), with what they share in [common.json](schema/common.json).',
      'Offsets, sizes and counts are numbers below 2^53, u64 values decimal strings, addresses `0x…` strings. `null` means not known; a member that does not apply is absent.\n',
    ].join('\n'),
  ];
  for (const { name } of commands) parts.push(`## mstream ${name}\n`, await help(name));
  return parts.join('\n');
}
