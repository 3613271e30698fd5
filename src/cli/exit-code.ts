// The exit codes of mstream: fixed, documented in docs/cli.md, tested. Imports nothing.

export const exitCode = {
  /** All is well. */
  clean: 0,
  /** Findings or differences; a stream that this QEMU will not load; an edit that matched nothing. */
  findings: 1,
  /** The command line makes no sense, or does not say which of several streams is meant. */
  usage: 2,
  /** The input cannot be read, is no migration stream, or is damaged. */
  input: 3,
  /** QEMU is missing, or failed otherwise than by refusing a stream. */
  qemu: 4,
  /** The output cannot be written: the disk is full, or nobody may write there. */
  output: 5,
  /** A mistake in mstream itself. */
  bug: 70,
  /** Ctrl-C. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** What each code means, for docs/cli.md and the help. */
export const exitCodeTexts: readonly (readonly [ExitCode, string])[] = [
  [exitCode.clean, 'clean; also when the reader of our output went away (EPIPE)'],
  [exitCode.findings, 'findings, differences, or "this will not load"'],
  [exitCode.usage, 'usage: the command line makes no sense, or does not say which of several streams is meant'],
  [exitCode.input, 'the input is unreadable, damaged, or no migration stream; what could be read is printed before'],
  [exitCode.qemu, 'QEMU is missing, or failed otherwise than by refusing the stream'],
  [exitCode.output, 'the output cannot be written: a full disk, no permission'],
  [exitCode.bug, 'a mistake in mstream itself: please report it'],
  [exitCode.interrupted, 'interrupted (SIGINT); 143 for SIGTERM'],
];
