// A command line from start to exit: signals, readers that go away, inputs closed, progress, our own mistakes.
import { describe, expect, test } from 'vitest';
import type { ByteSource } from '../../../src/bytes/source.js';
import { memorySource } from '../../../src/bytes/source.js';
import { mstream } from '../../support/fake-host.js';
import { fixtureBytes } from '../../support/fixtures.js';

const state = fixtureBytes('4.0.0-ignore-shared');

/** A source that tells when it was closed. */
function watched(source: ByteSource): ByteSource & { closed: number } {
  return {
    ...source,
    closed: 0,
    async close() {
      this.closed += 1;
      await source.close();
    },
  };
}

/** A pipe into which nobody writes: a read ends when it is closed. `asked` runs at the first read. */
function stuck(asked: () => void = () => {}): ByteSource & { closed: number } {
  let end = (): void => {};
  const read = (): Promise<number> =>
    new Promise((resolve) => {
      end = () => resolve(0);
      asked();
    });
  return watched({ label: 'stdin', size: undefined, seekable: false, read, close: async () => end() });
}

describe('interruption', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s while waiting for input: exit %i, and the input is closed', async (name, code) => {
    const controller = new AbortController();
    const stdin = stuck(() => setTimeout(() => controller.abort(name), 5));
    expect(await mstream(['inspect', '-'], { stdin, signal: controller.signal })).toMatchObject({
      code,
      stdout: '',
      stderr: '',
    });
    expect(stdin.closed).toBe(1);
  });

  test('a signal that came before: nothing starts', async () => {
    const controller = new AbortController();
    controller.abort('SIGINT');
    expect((await mstream(['inspect', '-'], { stdin: stuck(), signal: controller.signal })).code).toBe(130);
  });
});

describe('a reader that goes away', () => {
  test.each([
    ['inspect', 'state'],
    ['inspect', '--jsonl', 'state'],
    ['inspect', '--pages', 'state'],
    ['inspect', '--json', 'state'],
    ['--help'],
  ])('mstream %s %s: quiet, 0', async (...args) => {
    expect(await mstream(args, { files: { state }, stdoutClosesAfter: 10 })).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('every input that is opened is closed, once', () => {
  test.each([['--json'], ['--jsonl'], ['--pages'], ['--hex=0-10'], ['--quiet'], ['--blocks']])(
    'inspect %s',
    async (option) => {
      for (const bytes of [state, state.subarray(0, 5000), new Uint8Array(0), Buffer.from('no stream')]) {
        const sources: { closed: number }[] = [];
        const openInput = async (): Promise<ByteSource> => {
          const source = watched(memorySource(bytes, 'state'));
          sources.push(source);
          return source;
        };
        await mstream(['inspect', option, 'state'], { openInput });
        expect(sources.map((source) => source.closed)).toEqual([1]);
      }
    },
  );
});

test('a mistake of ours is no finding: exit 70, and it says so', async () => {
  const openInput = async (): Promise<ByteSource> => {
    throw new TypeError('we forgot something');
  };
  const { code, stderr } = await mstream(['inspect', 'state'], { openInput });
  expect(code).toBe(70);
  expect(stderr).toContain('we forgot something');
});

test('--version and --help print to stdout', async () => {
  expect(await mstream(['--version'])).toMatchObject({ code: 0, stdout: '0.0.0-test\n', stderr: '' });
  expect(await mstream(['inspect', '--help'])).toMatchObject({ code: 0, stderr: '' });
});

test('the completion script, and what it asks for', async () => {
  expect((await mstream(['completion'])).stdout).toContain('mstream --get-yargs-completions');
  expect((await mstream(['--get-yargs-completions', 'mstream', 'insp'])).stdout).toContain('inspect');
  expect((await mstream(['--get-yargs-completions', 'mstream', 'inspect', '--di'])).stdout).toContain('--dialect');
});

describe('progress', () => {
  const slow = (): { now: () => number; openInput: () => Promise<ByteSource> } => {
    let clock = 0;
    const source = memorySource(state, 'state');
    return {
      now: () => (clock += 400),
      openInput: async () => ({
        ...source,
        seekable: false,
        size: undefined,
        // Every read takes its time, and gives little.
        read: async (into, at) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          return source.read(into.subarray(0, 4096), at);
        },
      }),
    };
  };

  test('on a terminal, when it takes long, and not in the data', async () => {
    const outcome = await mstream(['inspect', 'state'], { ...slow(), tty: { stderr: true } });
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('reading state');
    expect(outcome.stdout).not.toContain('reading');
    // The cursor comes back.
    expect(outcome.stderr.lastIndexOf('\u001b[?25h')).toBeGreaterThan(outcome.stderr.lastIndexOf('\u001b[?25l'));
  });

  test.each([
    ['into a file', {}, []],
    ['when not wanted', { stderr: true }, ['--no-progress']],
  ])('none %s', async (_, tty, args) => {
    expect((await mstream(['inspect', ...args, 'state'], { ...slow(), tty })).stderr).toBe('');
  });

  test('none between lines that go to the same terminal', async () => {
    expect(
      (await mstream(['inspect', '--pages', 'state'], { ...slow(), tty: { stderr: true, stdout: true } })).stderr,
    ).toBe('');
  });
});
