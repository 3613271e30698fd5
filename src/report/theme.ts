// Colours by role, made once per output; only this file uses chalk. The roles use only the terminal's sixteen colours,
// so the user's theme decides. chalk ignores NO_COLOR, so the colour level is found here.

export type Paint = (text: string) => string;

/** The role of a text, not its look. */
export interface Theme {
  /** Headings of parts. */
  readonly heading: Paint;
  /** Names of columns and facts. */
  readonly label: Paint;
  /** The answer that people look for. */
  readonly strong: Paint;
  /** Names that come from the file. */
  readonly name: Paint;
  /** Offsets and addresses. */
  readonly offset: Paint;
  /** Helpful text that may be skipped: evidence, units. */
  readonly dim: Paint;
  readonly good: Paint;
  readonly warning: Paint;
  readonly error: Paint;
}

export type ColourChoice = 'auto' | 'always' | 'never';

/** 0: none; 1 to 3: sixteen, 256, all colours, as chalk counts. */
export type ColourLevel = 0 | 1 | 2 | 3;

const same: Paint = (text) => text;

/** No colour at all. */
export const plainTheme: Theme = {
  heading: same,
  label: same,
  strong: same,
  name: same,
  offset: same,
  dim: same,
  good: same,
  warning: same,
  error: same,
};

/**
 * The option has priority over NO_COLOR, NO_COLOR over FORCE_COLOR, FORCE_COLOR over the kind of output (no-color.org,
 * force-color.org).
 */
export function colourLevel(
  choice: ColourChoice,
  env: Readonly<Record<string, string | undefined>>,
  isTTY: boolean,
): ColourLevel {
  if (choice === 'never') return 0;
  if (choice === 'always') return 1;
  if ((env['NO_COLOR'] ?? '') !== '') return 0;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined)
    return forced === '0' || forced === 'false' ? 0 : forced === '2' ? 2 : forced === '3' ? 3 : 1;
  return isTTY && env['TERM'] !== 'dumb' ? 1 : 0;
}

/** chalk is loaded only when there is text to colour. */
export async function makeTheme(level: ColourLevel): Promise<Theme> {
  if (level === 0) return plainTheme;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level });
  return {
    heading: chalk.bold.underline,
    label: chalk.dim,
    strong: chalk.bold,
    name: chalk.cyan,
    offset: chalk.blueBright,
    dim: chalk.dim,
    good: chalk.bold.green,
    warning: chalk.yellow,
    error: chalk.bold.red,
  };
}
