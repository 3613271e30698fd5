// The lines of a log, cut into attempts to load: which messages belong together, and which line gives the reason where
// no message does. Up to 10.1 QEMU prints the reason first, then the fields around it, the device, and the end; from
// 10.2 on all of it is one line.

import { matchMessage, type MessageId, type MessageMatch } from '../../release/messages/index.js';

export interface Attempt {
  readonly said: { readonly match: MessageMatch; readonly words: string }[];
  /**
   * The line that gives the reason, without the program's name; undefined where a message gives it, or no line does.
   */
  reason: string | undefined;
}

/** Said around the reason: in which device, in which field. */
export const FOLDED: ReadonlySet<string> = new Set<MessageId>([
  'field-failed',
  'element-failed',
  'subsection-failed',
  'post-load-failed',
  'device-state-error',
  'section-state-error',
  'vmstate-version',
]);
/** Those of them that name the device. */
export const DEVICE_LINES: ReadonlySet<string> = new Set<MessageId>(['device-state-error', 'section-state-error']);
/** The end of a load, which gives an errno and no reason. */
export const LAST_LINES: ReadonlySet<string> = new Set<MessageId>([
  'load-failed',
  'savevm-load-failed',
  'pve-load-failed',
]);

/** What stands in logs beside QEMU's reasons. */
const NOISE =
  /^\(qemu\)|^(?:warning|info|error): |char device redirected|terminating on signal|is tainted|^TASK |shutting down|^$/;
/** The name of the program in front of its words. */
const PROGRAM = /(?:^|[\s:])((?:qemu[\w.-]*|kvm)): (.*)$/;

export function attemptsOf(lines: readonly string[]): Attempt[] {
  const attempts: Attempt[] = [];
  let attempt: Attempt = { said: [], reason: undefined };
  let before: string[] = [];
  const close = (): void => {
    if (attempt.said.length > 0) attempts.push(attempt);
    attempt = { said: [], reason: undefined };
    before = [];
  };
  for (const line of lines) {
    const matches = matchMessage(line);
    if (matches.length === 0) {
      before.push(line);
      continue;
    }
    const [first] = matches;
    const around = first !== undefined && (FOLDED.has(first.id) || LAST_LINES.has(first.id));
    const explained = [...attempt.said.map(({ match }) => match), ...matches].some(({ effect }) => effect === 'fatal');
    // A subsection that is not known ends the load without a word: then no line before is the reason.
    const silent = matches.some(({ values }) => values['error']?.startsWith('No such file') === true);
    if (around && !explained && !silent && attempt.reason === undefined) attempt.reason = reasonBefore(before, line);
    if (silent && !attempt.said.some(({ match }) => match.effect === 'fatal')) attempt.reason = undefined;
    if (matches.some(({ effect }) => effect === 'fatal')) attempt.reason = undefined;
    for (const match of matches) attempt.said.push({ match, words: line.slice(match.start, match.end) });
    if (matches.some(({ id }) => LAST_LINES.has(id))) close();
  }
  close();
  return attempts;
}

/** The nearest line in front of `line` that the same program said; where it has no name, the line right before it. */
function reasonBefore(before: readonly string[], line: string): string | undefined {
  const program = PROGRAM.exec(line)?.[1];
  for (const candidate of [...before].reverse()) {
    const said = PROGRAM.exec(candidate);
    if (program !== undefined && said?.[1] !== program) continue;
    const words = (program === undefined ? candidate : said![2]!).trim();
    if (NOISE.test(words)) {
      if (program === undefined) return undefined;
      continue;
    }
    return words;
  }
  return undefined;
}
