// The report of `mstream verify` for people: a line with the verdict, then each finding, in stream order and the worst
// first within it.

import { cureText } from '../hints.js';
import type { Finding } from '../../ops/verify/codes.js';
import type { Severity } from '../../ops/verify/finding.js';
import { agreement, type TrialResult } from '../../ops/verify/against.js';
import type { Prediction } from '../../loader/index.js';
import type { DestinationPrediction, Verification } from '../../ops/verify/verify.js';
import { nestingLines } from '../containers.js';
import { outerText } from '../error.js';
import { explanationLines } from '../explain/text.js';
import { printableLine } from '../printable.js';
import { hexText } from '../quantity.js';
import type { Paint, Theme } from '../theme.js';

const ORDER: readonly Severity[] = ['error', 'warning', 'note'];

/** The whole report of one state, each line ended. */
export function verificationText(verification: Verification, theme: Theme): string {
  const lines = [...nestingLines(verification.containers ?? [], theme), answer(verification, theme)];
  for (const severity of ORDER) {
    for (const found of verification.findings.filter((finding) => finding.severity === severity))
      lines.push(...findingLines(found, theme));
  }
  if (verification.prediction !== undefined) lines.push(...predictionLines(verification.prediction, theme));
  return lines.map((line) => `${line}\n`).join('');
}

function predictionLines(
  { destination, capabilities, assumed, prediction, trial }: DestinationPrediction,
  theme: Theme,
): string[] {
  const { verdict, messages, offset, path, explanation, unknowns } = prediction;
  const paint = verdict === 'loads' ? theme.good : verdict === 'unknown' ? theme.warning : theme.error;
  const place = placeText({ offset: verdict === 'loads' ? undefined : offset, path }, theme);
  const switched = Object.entries(capabilities).map(([name, on]) => `${name} ${on ? 'on' : 'off'}`);
  return [
    `  ${theme.label('against')} ${printableLine(destination)}: ${paint(verdict)}${place === '' ? '' : ` ${place}`}`,
    ...messages.map((line) => `    ${printableLine(line)}`),
    ...(explanation === undefined ? [] : explanationLines(explanation, theme).map((line) => `    ${line}`)),
    ...(switched.length === 0
      ? []
      : [
          theme.dim(
            `    with ${printableLine(switched.join(', '))}${assumed ? ' (assumed: the stream calls for it; --capability says otherwise)' : ''}`,
          ),
        ]),
    ...unknowns.map((text) => theme.dim(`    not known: ${printableLine(text)}`)),
    ...(trial === undefined ? [] : trialLines(prediction, trial, theme)),
  ];
}

function trialLines(prediction: Prediction, trial: TrialResult, theme: Theme): string[] {
  const paint = trial.verdict === 'loads' ? theme.good : theme.error;
  const said = {
    same: 'as predicted',
    text: theme.warning('as predicted, in other words'),
    verdict: theme.error('not as predicted: please report it'),
    none: 'nothing was predicted',
  };
  const state = trial.runState === null ? '' : `, ${printableLine(trial.runState)}`;
  return [
    `  ${theme.label('tried')}: ${paint(trial.verdict)}${state}, ${said[agreement(prediction, trial) ?? 'none']}`,
    ...trial.lines.map((line) => `    ${printableLine(line)}`),
  ];
}

/** `--quiet`: file, verdict, and the first error or the number of warnings. */
export function verificationLine(verification: Verification, theme: Theme): string {
  return `${answer(verification, theme)}\n`;
}

function answer(verification: Verification, theme: Theme): string {
  const { findings, verdict, label } = verification;
  const count = (severity: Severity): number => findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, notes] = ORDER.map(count) as [number, number, number];
  const counts = [plural(errors, 'error'), plural(warnings, 'warning'), plural(notes, 'note')]
    .filter((text) => text !== '')
    .join(', ');
  const paint = { sound: theme.good, broken: theme.error, unjudged: theme.warning }[verdict];
  const prediction = verification.prediction?.prediction.verdict;
  const against =
    prediction === undefined ? '' : `; ${prediction === 'loads' ? theme.good(prediction) : theme.error(prediction)}`;
  return `${printableLine(label)}: ${paint(verdict)}${counts === '' ? '' : theme.dim(` (${counts})`)}${silently(findings, theme)}${against}`;
}

function silently(findings: readonly Finding[], theme: Theme): string {
  const errors = findings.filter((finding) => finding.severity === 'error');
  return errors.length > 0 && errors.every((finding) => finding.silent)
    ? theme.error(': QEMU will load this, and the guest is broken')
    : '';
}

function findingLines(finding: Finding, theme: Theme): string[] {
  const paint: Paint = { error: theme.error, warning: theme.warning, note: theme.label }[finding.severity];
  const place = placeText(finding, theme);
  const head = `  ${paint(finding.severity)} ${theme.name(finding.code)}${place === '' ? '' : ` ${place}`}: ${printableLine(finding.text)}`;
  if (finding.severity === 'note') return [head];
  const silent = finding.silent ? [`    ${theme.error('QEMU will load this, and the guest is broken.')}`] : [];
  return [
    head,
    ...silent,
    `    ${printableLine(finding.explanation)}`,
    `    ${theme.label('cure:')} ${printableLine(cureText(finding.cure))}`,
  ];
}

function placeText(finding: Pick<Finding, 'offset' | 'path' | 'outer'>, theme: Theme): string {
  const parts = [];
  if (finding.offset !== undefined) parts.push(`at ${theme.offset(hexText(finding.offset))}`);
  if (finding.path.length > 0) parts.push(`in ${finding.path.map(printableLine).join(' > ')}`);
  if (finding.outer !== undefined && finding.outer.length > 0) parts.push(`(${outerText(finding.outer, theme)})`);
  return parts.join(' ');
}

function plural(count: number, word: string): string {
  return count === 0 ? '' : `${count} ${word}${count === 1 ? '' : 's'}`;
}
