// The command line from arguments to exit code: yargs finds the command, the command runs, whatever it throws becomes
// one message and one code, and what it left open is closed.

import { hintText } from '../report/hints.js';
import { MigrationStreamError } from '../base/errors.js';
import { Refused, type RefusalCode } from '../base/refused.js';
import { OutputClosed } from '../bytes/output-closed.js';
import { errorText, plainErrorText } from '../report/error.js';
import { colourLevel, makeTheme, plainTheme, type ColourChoice, type Theme } from '../report/theme.js';
import type { Context } from './command.js';
import { exitCode, type ExitCode } from './exit-code.js';
import { Failure } from './failure.js';
import type { Host } from './host.js';
import { Inputs } from './inputs.js';
import { parseArgs, type GlobalOptions, type Parsed } from './parse.js';
import { UsageError } from './usage-error.js';

type Cleanup = () => Promise<void> | void;

/** Runs one command line. Never throws; all output has been written when it settles. */
export async function run(host: Host): Promise<ExitCode> {
  const cleanups: Cleanup[] = [];
  const work = dispatch(host, cleanups);
  const code = await Promise.race([work, interruption(host.signal)]);
  // What was interrupted may still fail in its own time; nobody listens any more.
  work.catch(() => {});
  for (const cleanup of cleanups.reverse()) {
    try {
      await cleanup();
    } catch {
      // The outcome is decided; closing cannot change it.
    }
  }
  return code;
}

function interruption(signal: AbortSignal): Promise<ExitCode> {
  return new Promise((resolve) => {
    const settle = (): void => resolve(signal.reason === 'SIGTERM' ? exitCode.terminated : exitCode.interrupted);
    if (signal.aborted) settle();
    else signal.addEventListener('abort', settle, { once: true });
  });
}

async function dispatch(host: Host, cleanups: Cleanup[]): Promise<ExitCode> {
  let theme = plainTheme;
  const inputs = new Inputs(host, () => theme);
  cleanups.push(() => inputs.close());
  try {
    const parsed = await parseArgs(host);
    theme = await themeFor(host, host.stderr.isTTY, parsed);
    if (parsed.kind === 'text') {
      await (parsed.usageError ? host.stderr : host.stdout).write(parsed.text);
      return parsed.usageError ? exitCode.usage : exitCode.clean;
    }
    const context: Context = {
      openState: (state, choices, reported) => inputs.openState(state, choices, reported),
      host: { ...host, openInput: (path) => inputs.open(path) },
      out: await themeFor(host, host.stdout.isTTY, parsed),
      err: theme,
      progress: parsed.options.noProgress !== true && host.stderr.isTTY,
      rest: parsed.rest,
      explain: (error) => inputs.explain(error),
      defer: (cleanup) => void cleanups.push(cleanup),
    };
    return await parsed.command.run(parsed.options, context);
  } catch (error) {
    return await report(host, theme, error instanceof MigrationStreamError ? await inputs.explain(error) : error);
  }
}

function themeFor(host: Host, isTTY: boolean, parsed: Parsed): Promise<Theme> {
  return makeTheme(colourLevel(parsed.kind === 'text' ? 'auto' : colourChoice(parsed.options), host.env, isTTY));
}

function colourChoice(options: GlobalOptions): ColourChoice {
  return options.noColor === true ? 'never' : (options.color ?? 'auto');
}

async function report(host: Host, theme: Theme, error: unknown): Promise<ExitCode> {
  if (error instanceof OutputClosed) return exitCode.clean;
  const [code, text] = explain(error, theme);
  try {
    await host.stderr.write(text);
  } catch {
    // Nobody to tell.
  }
  return code;
}

/** Exit code and label of each kind of refusal. */
const refusals: Readonly<Record<RefusalCode, readonly [ExitCode, label: string]>> = {
  refused: [exitCode.findings, 'refused'],
  'no-match': [exitCode.findings, 'no-match'],
  contradiction: [exitCode.usage, 'usage'],
  'no-template': [exitCode.input, 'template'],
};

function explain(error: unknown, theme: Theme): [ExitCode, string] {
  if (error instanceof UsageError) return [exitCode.usage, plainErrorText('usage', error.message, error.hint, theme)];
  if (error instanceof Failure) return [error.code, plainErrorText(error.label, error.message, error.hint, theme)];
  if (error instanceof Refused) {
    const [code, label] = refusals[error.code];
    return [
      code,
      plainErrorText(label, error.message, error.hint === undefined ? undefined : hintText(error.hint), theme),
    ];
  }
  if (error instanceof MigrationStreamError)
    return [
      error.output ? exitCode.output : error.code === 'several-streams' ? exitCode.usage : exitCode.input,
      errorText(error, theme),
    ];
  if (isOutputFailure(error)) return [exitCode.output, plainErrorText('io', error.message, undefined, theme)];
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    exitCode.bug,
    plainErrorText('bug', `a mistake in mstream itself\n${what}`, 'please report it, with the command line', theme),
  ];
}

const OUTPUT_CODES: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EROFS', 'EFBIG', 'EACCES', 'EPERM'];
const OUTPUT_CALLS: readonly unknown[] = ['mkdir', 'mkdtemp', 'write', 'rename', 'link', 'copyfile', 'ftruncate'];

/** What the system refused while a file or folder was made: folders of templates, manifests, temporary folders. */
function isOutputFailure(error: unknown): error is Error {
  const { code, syscall } = (error ?? {}) as { readonly code?: unknown; readonly syscall?: unknown };
  return error instanceof Error && OUTPUT_CODES.includes(code) && OUTPUT_CALLS.includes(syscall);
}
