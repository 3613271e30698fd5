// Explanations for people. May import ops and its own layer.

import type { Explanation } from '../../ops/explain/explain.js';
import { printableLine } from '../printable.js';
import { hexText } from '../quantity.js';
import type { Theme } from '../theme.js';

/** Each explanation as a paragraph, with an empty line between two. */
export function explanationsText(explanations: readonly Explanation[], theme: Theme): string {
  return explanations.map((one) => paragraph(one, theme)).join('\n');
}

function paragraph(one: Explanation, theme: Theme): string {
  const lines = [theme.strong(printableLine(one.text)), `  ${printableLine(one.meaning)}`];
  for (const detail of one.details) lines.push(`  ${printableLine(detail)}`);
  for (const { what, offset } of one.places) lines.push(`  ${theme.label('where:')} ${printableLine(what)}, at ${theme.offset(hexText(offset))}`);
  for (const cause of one.causes) lines.push(`  ${theme.label('cause:')} ${printableLine(cause)}`);
  for (const cure of one.cures) lines.push(`  ${theme.label('cure:')} ${printableLine(cure)}`);
  if (one.effect === 'non-fatal') lines.push(`  ${theme.dim('The load goes on.')}`);
  const versions = one.versions.length === 0 ? '' : `, QEMU ${one.versions.join('; ')}`;
  lines.push(theme.dim(`  ${one.source}${versions}`));
  return lines.map((line) => `${line}\n`).join('');
}
