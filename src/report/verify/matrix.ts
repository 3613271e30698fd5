// `mstream verify` of states against several destinations: a table with a row for each state and a column for each
// destination, and the reasons below it.

import type { Verification } from '../../ops/verify/verify.js';
import { printableLine } from '../printable.js';
import { renderTable } from '../table.js';
import type { Theme } from '../theme.js';

/** `results`: for each state, in order, a verification against each destination. */
export async function matrixText(
  results: readonly Verification[],
  destinations: readonly string[],
  theme: Theme,
): Promise<string> {
  const rows: Verification[][] = [];
  for (let at = 0; at < results.length; at += destinations.length)
    rows.push(results.slice(at, at + destinations.length));
  const table = await renderTable(
    [{ title: 'state' }, ...destinations.map((_, i) => ({ title: `[${i + 1}]` }))],
    rows.map((row) => [printableLine(row[0]!.label), ...row.map((result) => verdictText(result, theme))]),
    theme,
  );
  const reasons = rows.flatMap((row) =>
    row.flatMap((result, i) => {
      const why = reasonOf(result);
      return why === undefined ? [] : [`  ${printableLine(result.label)} [${i + 1}]: ${printableLine(why)}`];
    }),
  );
  return [
    ...destinations.map((label, i) => `${theme.label(`[${i + 1}]`)} ${printableLine(label)}`),
    ...table,
    ...reasons,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function verdictText({ verdict, prediction }: Verification, theme: Theme): string {
  if (verdict === 'unjudged' && prediction === undefined) return theme.warning('unreadable');
  const word = prediction?.trial?.verdict ?? prediction?.prediction.verdict ?? verdict;
  return word === 'loads' ? theme.good(word) : word === 'unknown' ? theme.warning(word) : theme.error(word);
}

/** QEMU's words, or what is not known; undefined for a state that loads. */
function reasonOf({ verdict, prediction, findings }: Verification): string | undefined {
  if (prediction === undefined) return verdict === 'unjudged' ? findings[0]?.text : undefined;
  const { verdict: predicted, messages, explanation, unknowns } = prediction.prediction;
  if (prediction.trial !== undefined && prediction.trial.verdict !== 'loads') return prediction.trial.lines[0];
  return predicted === 'loads' ? undefined : (messages[0] ?? explanation?.meaning ?? unknowns[0]);
}
