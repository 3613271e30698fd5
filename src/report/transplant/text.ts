// The report of a transplant for people: what was carried and what was not, the grade and its reasons (worst first),
// then possible cures.

import { cureText } from '../hints.js';
import {
  grades,
  type Grade,
  type TransplantDifference,
  type TransplantReport,
  type Trial,
} from '../../ops/transplant/report.js';
import { printableLine } from '../printable.js';
import { countText, offsetText, plural } from '../quantity.js';
import type { Paint, Theme } from '../theme.js';

/** The words for a grade in a heading. */
const headings: Readonly<Record<Grade, string>> = {
  impossible: 'Impossible',
  lossy: 'Lossy: refused unless --allow-loss',
  assumed: 'Assumed: the source does not say',
  exact: 'Exact, and written otherwise',
};

export function transplantText(report: TransplantReport, theme: Theme): string {
  const { machine, copied, sections, differences, counts, cpu } = report;
  const all = grades.reduce((sum, grade) => sum + counts[grade], 0);
  const lines = [
    `${theme.strong(`${printableLine(machine.source)} -> ${printableLine(machine.destination)}`)}: ${paint(theme, report.grade)(report.grade)}`,
    `  ${theme.label('state')}  ${paint(theme, report.state)(report.state)}: ${plural(copied, 'value')} as they were, in ${plural(sections, 'section')}; ${all === 0 ? 'nothing else' : plural(all, 'difference')}`,
    `  ${theme.label('CPU')}    ${paint(theme, cpu.grade)(cpu.grade)}: ${printableLine(cpu.why)}`,
    `  ${theme.label('trial')}  ${trialText(report.trial, theme)}`,
  ];
  for (const grade of [...grades].reverse()) {
    const those = differences.filter((difference) => difference.grade === grade);
    if (counts[grade] === 0) continue;
    lines.push(
      '',
      theme.heading(`${headings[grade]} (${countText(counts[grade])})`),
      ...those.map((difference) => `  ${differenceLine(difference, theme)}`),
    );
    if (those.length < counts[grade])
      lines.push(theme.dim(`  … and ${plural(counts[grade] - those.length, 'difference')} more`));
  }
  lines.push(...trialLines(report.trial, theme));
  lines.push(...cureLines(differences, theme));
  return lines.map((line) => `${line}\n`).join('');
}

/** Each cure once, with the first place that needs it. */
function cureLines(differences: readonly TransplantDifference[], theme: Theme): string[] {
  const places = new Map<string, string[]>();
  for (const { cure, path } of differences) {
    if (cure === undefined) continue;
    const words = cureText(cure);
    places.set(words, [...(places.get(words) ?? []), path]);
  }
  if (places.size === 0) return [];
  const where = ([first, ...rest]: readonly string[]): string =>
    `${printableLine(first!)}${rest.length === 0 ? '' : ` and ${plural(rest.length, 'other')}`}`;
  return [
    '',
    theme.heading('What would help'),
    ...[...places].map(([cure, paths]) => `  ${printableLine(cure)}  ${theme.dim(`(${where(paths)})`)}`),
  ];
}

function differenceLine({ kind, path, offset, before, after, why }: TransplantDifference, theme: Theme): string {
  const change = [before, after].filter((value) => value !== undefined).map(printableLine);
  const values = change.length === 0 ? '' : `: ${change.length === 2 ? change.join(theme.dim(' -> ')) : change[0]!}`;
  return `${theme.offset(offset === undefined ? '          ' : offsetText(offset))}  ${theme.label(kind)} ${theme.name(printableLine(path))}${values}  ${theme.dim(`(${printableLine(why)})`)}`;
}

function trialText(trial: Trial, theme: Theme): string {
  switch (trial.state) {
    case 'not-tried':
      return `${paint(theme, 'assumed')('not tried')}: ${trial.why}`;
    case 'passed':
      return `${theme.good('passed')}: ${printableLine(trial.qemu)} loaded it and saved it again, ${plural(trial.compared, 'value')} compared${trial.regions === 0 ? '' : `; ${plural(trial.regions, 'region')} of PCI devices in their places`}`;
    case 'failed':
      return `${theme.error('failed')}: ${printableLine(trial.words)}`;
  }
}

/** Surprises that are listed; --json has all. */
const SHOWN = 20;

function trialLines(trial: Trial, theme: Theme): string[] {
  if (trial.state === 'not-tried' || trial.differences.length === 0) return [];
  const surprises = trial.differences.filter(({ announced }) => !announced);
  const expected = trial.differences.length - surprises.length;
  return [
    '',
    theme.heading(`Saved again otherwise than it was given (${countText(trial.differences.length)})`),
    ...surprises
      .slice(0, SHOWN)
      .map(
        ({ path, given, saved }) =>
          `  ${theme.error('surprise')}  ${theme.name(printableLine(path))}: ${printableLine(given ?? 'nothing')}${theme.dim(' -> ')}${printableLine(saved ?? 'nothing')}`,
      ),
    ...(surprises.length > SHOWN ? [theme.dim(`  … and ${plural(surprises.length - SHOWN, 'surprise')} more`)] : []),
    ...(expected === 0
      ? []
      : [
          `  ${plural(expected, 'value')} that ${expected === 1 ? 'was' : 'were'} announced, or follow${expected === 1 ? 's' : ''} the host’s clock or the run state (--json lists them)`,
        ]),
  ];
}

function paint(theme: Theme, grade: Grade): Paint {
  return grade === 'exact' ? theme.good : grade === 'impossible' ? theme.error : theme.warning;
}
