// Explanations as text for people.

import { cureText } from '../hints.js';
import type { Explanation } from '../../ops/explain/explain.js';
import type { ExplanationRow } from '../../release/causes/row.js';
import { printableLine } from '../printable.js';
import { hexText } from '../quantity.js';
import type { Theme } from '../theme.js';

/** Each explanation as a paragraph, with an empty line between two. */
export function explanationsText(explanations: readonly Explanation[], theme: Theme): string {
  return explanations.map((explanation) => paragraph(explanation, theme)).join('\n');
}

function paragraph(explanation: Explanation, theme: Theme): string {
  const [meaning, ...rest] = explanationLines(explanation, theme);
  const lines = [meaning!, ...explanation.details.map(printableLine)];
  for (const { what, offset } of explanation.places)
    lines.push(`${theme.label('where:')} ${printableLine(what)}, at ${theme.offset(hexText(offset))}`);
  lines.push(...rest);
  for (const bug of explanation.bugs) {
    lines.push(`${theme.label('known:')} ${printableLine(bug.what)} (QEMU ${printableLine(bug.releases)})`);
    lines.push(`  ${theme.label('cure:')} ${printableLine(cureText(bug.cure))}`);
    lines.push(theme.dim(`  ${bug.source}`));
  }
  if (explanation.effect === 'non-fatal') lines.push(theme.dim('The load goes on.'));
  const versions = explanation.versions.length === 0 ? '' : `, QEMU ${explanation.versions.join('; ')}`;
  lines.push(theme.dim(`${explanation.source}${versions}`));
  return [theme.strong(printableLine(explanation.text)), ...lines.map((line) => `  ${line}`)]
    .map((line) => `${line}\n`)
    .join('');
}

/** The fault, then causes and cures, the most common first. */
export function explanationLines({ meaning, causes, cures }: ExplanationRow, theme: Theme): string[] {
  return [
    printableLine(meaning),
    ...causes.map((cause) => `${theme.label('cause:')} ${printableLine(cause)}`),
    ...cures.map((cure) => `${theme.label('cure:')} ${printableLine(cureText(cure))}`),
  ];
}
