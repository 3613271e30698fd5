// QEMU's lines out of what people paste: logs of libvirt, nova, kubevirt, Kata and Proxmox, journald, QMP, strings of
// JSON, Go and Python. A line may carry QEMU's words inside a string, in a string of a string, or escaped without its
// quotes. Each line is read in every way that its marks allow, and the reading in which most of QEMU's words stand
// wins.

/** Strings in strings: JSON in JSON in a log is three. */
const MAX_DEPTH = 4;
/** Strings of one line that are looked into. */
const MAX_STRINGS = 64;
/** Longer lines are looked at as they stand. */
const MAX_LINE = 65_536;

/** Letters of QEMU's that stand in the lines: whoever knows the messages counts them. */
export type Score = (lines: readonly string[]) => number;

/** The lines of `text` with their carriers taken off, in order. */
export function saidLines(text: string, score: Score): string[] {
  return text.split('\n').flatMap((line) => reading(clean(line), score, 0));
}

function reading(line: string, score: Score, depth: number): readonly string[] {
  if (depth >= MAX_DEPTH || line.length > MAX_LINE || !/["'\\&]/.test(line)) return [line];
  let best: readonly string[] = [line];
  let most = score(best);
  const consider = (lines: readonly string[], margin: number): void => {
    const found = score(lines);
    if (found === 0 || found + margin <= most) return;
    [best, most] = [lines, found];
  };
  const deeper = (parts: readonly string[]): string[] => parts.flatMap((part) => reading(part, score, depth + 1));
  // A line with escapes and without quotes was cut out of a string.
  for (const decoded of [entities(line), unescaped(line)])
    if (decoded !== line) consider(deeper(decoded.split('\n')), 0);
  // The whole line may hold as many words as its strings, with the carrier's tail behind them: the strings then win.
  const strings = stringsOf(line);
  if (strings.length > 0) consider(deeper(strings), 1);
  return best;
}

function clean(line: string): string {
  return line.replace(/\u001b\[[0-9;]*m/g, '').replace(/\r$/, '');
}

/**
 * Strings of the line, escapes undone, cut at their newlines. A quote begins a string behind `=`, `:`, `,`, a bracket,
 * or the prefix of a Python or Go string; QEMU's own quotes stand behind a space.
 */
function stringsOf(line: string): string[] {
  const found: string[] = [];
  // libvirt's Go binding quotes without escaping: Message='…').
  for (const [, message] of line.matchAll(/\bMessage='(.*?)'\)/g)) found.push(message!);
  const opening = /(?:^|[=:,({[]\s*|\b[bru])(["'`])/g;
  for (let match = opening.exec(line); match !== null && found.length < MAX_STRINGS; match = opening.exec(line)) {
    const quote = match[1]!;
    const start = match.index + match[0].length;
    const end = closing(line, start, quote);
    if (end === undefined) break;
    found.push(quote === '`' ? line.slice(start, end) : unescaped(line.slice(start, end)));
    opening.lastIndex = end + 1;
  }
  // QEMU's words have spaces; keys and times of the carrier have none.
  return found.filter((text) => /\s/.test(text)).flatMap((text) => text.split('\n'));
}

/** A single quote ends its string only in front of what may follow a string: QEMU's own stand inside. */
function closing(line: string, from: number, quote: string): number | undefined {
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === '\\' && quote !== '`') at += 1;
    else if (line[at] === quote && (quote !== "'" || /^'\s*(?:$|[,)\]}:]|\w+=)/.test(line.slice(at, at + 40))))
      return at;
  }
  return undefined;
}

const SIMPLE: Readonly<Record<string, string>> = { n: '\n', r: '', t: '\t', '"': '"', "'": "'", '\\': '\\', '/': '/' };

/** \n \t \" \' \\ \/ \uXXXX \xXX, as in strings of JSON, Go, Python and C. */
function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(["'\\/nrt]))/g, (_, wide, byte, simple) =>
    simple === undefined
      ? String.fromCharCode(Number.parseInt((wide ?? byte) as string, 16))
      : SIMPLE[simple as string]!,
  );
}

const NAMED: Readonly<Record<string, string>> = { quot: '"', apos: "'", amp: '&', lt: '<', gt: '>', nbsp: ' ' };

/** Entities of XML and HTML. */
function entities(text: string): string {
  return text.replace(/&(?:#(\d{1,6})|#x([0-9a-fA-F]{1,5})|(quot|apos|amp|lt|gt|nbsp));/g, (_, decimal, hex, name) =>
    name === undefined
      ? String.fromCodePoint(decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal))
      : NAMED[name as string]!,
  );
}
