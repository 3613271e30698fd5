// Transcripts in Markdown: fenced blocks whose language is `console`. A line that begins with `$ ` is a command, what
// follows is its output; `...` alone on a line stands for any lines, or none; `[exit N]` at the end for an exit code
// that is not 0.

export interface Transcript {
  readonly line: number;
  readonly command: string;
  readonly output: readonly string[];
}

export function transcripts(markdown: string): readonly Transcript[] {
  const found: { line: number; command: string; output: string[] }[] = [];
  let fence: 'none' | 'console' | 'other' = 'none';
  markdown.split('\n').forEach((text, index) => {
    if (text.startsWith('```')) {
      fence = fence !== 'none' ? 'none' : text.trim() === '```console' ? 'console' : 'other';
      if (fence === 'console') found.push({ line: index + 1, command: '', output: [] });
    } else if (fence === 'console') {
      if (text.startsWith('$ ')) found.push({ line: index + 1, command: text.slice(2), output: [] });
      else found.at(-1)?.output.push(text);
    }
  });
  const stray = found.find(({ command, output }) => command === '' && output.length > 0);
  if (stray !== undefined) throw new Error(`line ${stray.line}: a console block must begin with a command`);
  return found.filter(({ command }) => command !== '');
}

/**
 * The arguments of an mstream command; the set-up in front (`npm ci && `) is not repeated.
 * @throws Error for anything else: what cannot be run here must not be a console block
 */
export function mstreamArgs(command: string): readonly string[] {
  const own = /^(?:npm ci && )?(?:npx )?(?:mstream|node bin\/mstream\.js)(?: (.*))?$/.exec(command);
  if (own === null) throw new Error(`not an mstream command: ${command}`);
  const rest = own[1] ?? '';
  if (/[|<>;&`$\\]/.test(rest)) throw new Error(`not run by a shell here: ${command}`);
  return [...rest.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

/** Is `actual` what `expected` shows, its `...` taken for any lines? */
export function shows(expected: readonly string[], actual: readonly string[]): boolean {
  const [first, ...rest] = expected;
  if (first === undefined) return actual.length === 0;
  if (first !== '...') return first === actual[0] && shows(rest, actual.slice(1));
  for (let skip = 0; skip <= actual.length; skip++) if (shows(rest, actual.slice(skip))) return true;
  return false;
}
