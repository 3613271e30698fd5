// What happens to the arguments before yargs sees them. yargs 18 turns a positional `-` into `true` or nothing, so it
// travels as a token that no shell can type. Imports nothing.

/** The standard input or output, as users write it. */
export const STDIO = '-';

/** NUL cannot occur in an argument of a process, so this is nobody's file name. */
const token = '\0-';

/** `-` hidden from yargs; what stands behind `--` belongs to somebody else and stays as it is. */
export function hideDashes(args: readonly string[]): string[] {
  const rest = args.indexOf('--');
  return args.map((arg, i) => (arg === STDIO && (rest < 0 || i < rest) ? token : arg));
}

/** A value that came back from yargs. */
export function showDash(value: string): string {
  return value === token ? STDIO : value;
}

/** A text by yargs in which a value may be quoted. */
export function showDashes(text: string): string {
  return text.replaceAll(token, STDIO);
}
