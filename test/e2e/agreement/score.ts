// From results to numbers and words: where prediction and QEMU part, the table by rule and release, the scores of those
// who always say the same. Imports types of its own folder.

import { releases, rules } from './row.js';
import type { Result } from './measure.js';

export const sameVerdict = ({ predicted, real }: Result): boolean => predicted.verdict === real.verdict;

/** Only rejections have words that count. */
export const hasText = ({ real }: Result): boolean => real.verdict === 'rejected';

/** QEMU prints a name as it came: a message with a newline in a name is two lines on stderr. */
export const sameText = ({ predicted, real }: Result): boolean => {
  const lines = predicted.messages.flatMap((message) => message.split('\n')).filter((line) => line !== '');
  return lines.length === real.lines.length && lines.every((line, i) => line === real.lines[i]);
};

export interface Score {
  readonly cases: number;
  readonly loads: number;
  readonly rejected: number;
  /** Ended by a signal, or still there at the deadline. */
  readonly otherwise: number;
  readonly verdicts: number;
  readonly rejections: number;
  readonly texts: number;
}

export function scoreOf(results: readonly Result[]): Score {
  const count = (test: (one: Result) => boolean): number => results.filter(test).length;
  return {
    cases: results.length,
    loads: count(({ real }) => real.verdict === 'loads'),
    rejected: count(({ real }) => real.verdict === 'rejected'),
    otherwise: count(({ real }) => real.verdict === 'aborts' || real.verdict === 'hangs'),
    verdicts: count(sameVerdict),
    rejections: count(hasText),
    texts: count((one) => hasText(one) && sameText(one)),
  };
}

export const share = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;

const cell = (score: Score): string =>
  score.cases === 0 ? '' : `${score.verdicts}/${score.cases} ${score.texts}/${score.rejections}`;

/** Rule by release: verdicts that agree of all cases, then texts that are equal of all rejections. */
export function tableOf(results: readonly Result[]): string {
  const rows = [['rule', ...releases, 'all', 'loads', 'rejected', 'otherwise']];
  const line = (name: string, mine: readonly Result[]): void => {
    const all = scoreOf(mine);
    rows.push([
      name,
      ...releases.map((release) => cell(scoreOf(mine.filter((one) => one.release === release)))),
      cell(all),
      String(all.loads),
      String(all.rejected),
      String(all.otherwise),
    ]);
  };
  for (const rule of [...Object.keys(rules), 'random']) {
    const mine = results.filter((one) => one.rule === rule);
    if (mine.length > 0) line(rule, mine);
  }
  line('all', results);
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows
    .map((row) =>
      row
        .map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What the bars are about, in sentences. */
export function summaryOf(results: readonly Result[]): string {
  const named = scoreOf(results.filter(({ rule }) => rule !== 'random'));
  const random = scoreOf(results.filter(({ rule }) => rule === 'random'));
  const all = scoreOf(results);
  const lines = [
    `named: ${named.verdicts} of ${named.cases} verdicts agree (${share(named.verdicts, named.cases)}), ${named.texts} of ${named.rejections} texts equal (${share(named.texts, named.rejections)})`,
    `random: ${random.verdicts} of ${random.cases} verdicts agree (${share(random.verdicts, random.cases)}), ${random.texts} of ${random.rejections} texts equal (${share(random.texts, random.rejections)}); QEMU rejects ${share(random.cases - random.loads, random.cases)}`,
    `texts, all: ${all.texts} of ${all.rejections} equal (${share(all.texts, all.rejections)})`,
    `for comparison, on the random cases: who always says "loads" ${share(random.loads, random.cases)}, who always says "rejected" ${share(random.rejected, random.cases)}`,
    `for comparison, on the named cases: who always says "loads" ${share(named.loads, named.cases)}, who always says "rejected" ${share(named.rejected, named.cases)}`,
  ];
  return lines.join('\n');
}

/** Where they part, for whoever mends it. */
export function disagreementsOf(results: readonly Result[]): string {
  const parts = results
    .filter((one) => !sameVerdict(one) || (hasText(one) && !sameText(one)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const block = (label: string, verdict: string, lines: readonly string[]): string =>
    [`  ${label}: ${verdict}`, ...lines.map((line) => `    ${JSON.stringify(line)}`)].join('\n');
  return parts
    .map(
      (one) =>
        `${one.name}${sameVerdict(one) ? '' : '   [VERDICT]'}\n${block('predicted', one.predicted.verdict, one.predicted.messages)}\n${block('real     ', one.real.verdict, one.real.lines)}`,
    )
    .join('\n');
}
