// The report of `mstream stat` for people: a part for each state, and what the states have in common.

import type { Stat, StateStat } from '../../ops/stat/result.js';
import { printableLine } from '../printable.js';
import { bytesText, countText, humanBytes, percentText, plural } from '../quantity.js';
import { renderTable } from '../table.js';
import type { Theme } from '../theme.js';

export async function statText(stat: Stat, theme: Theme): Promise<string> {
  const lines: string[] = [];
  for (const state of stat.states) lines.push(...(await stateLines(state, theme)), '');
  if (stat.states.length > 1) lines.push(...commonLines(stat, theme), '');
  if (stat.weight > 1)
    lines.push(theme.dim(`contents are estimated from a sample: one of ${countText(stat.weight)}`), '');
  return lines
    .slice(0, -1)
    .map((line) => `${line}\n`)
    .join('');
}

async function stateLines(state: StateStat, theme: Theme): Promise<string[]> {
  const { pageSize, pages, records, forms } = state;
  const made = [
    ['data', state.data],
    ['  of them different contents', state.distinct],
    ['  of those also in another state', state.shared],
    ['zero', state.zero],
    ['in no record', state.absent],
    ['left out of the stream', state.leftOut],
  ] as const;
  const right = { align: 'right' } as const;
  const forming = [
    ['page records now', forms.now],
    ['each page once (rewrite --compact)', forms.compact],
    ['mapped-ram, holes for zero pages', forms.mapped],
    ['each page once, compressed (estimate)', forms.compressed],
    ['each content once', forms.deduplicated],
  ] as const;
  return [
    `${theme.strong(printableLine(state.label))}  ${plural(pages, 'page')} of ${bytesText(pageSize)}, ${humanBytes(pages * pageSize)}`,
    ...(await renderTable(
      [{ title: 'pages' }, { title: '', ...right }, { title: '', ...right }, { title: '', ...right }],
      made
        .filter(([, count]) => count > 0)
        .map(([what, count]) => [what, countText(count), humanBytes(count * pageSize), percentText(count, pages)]),
      theme,
    )),
    ...(await renderTable(
      [{ title: 'records' }, { title: '', ...right }, { title: '', ...right }],
      [
        ...records.map(({ kind, records: count, bytes }) => [kind, countText(count), humanBytes(bytes)]),
        ...(state.resent > 0 ? [['of pages that came again', countText(state.resent), '']] : []),
      ],
      theme,
    )),
    ...(await renderTable(
      [{ title: 'it would take' }, { title: '', ...right }, { title: '', ...right }],
      forming
        .filter(([, bytes]) => bytes !== undefined)
        .map(([what, bytes]) => [what, humanBytes(bytes!), percentText(bytes!, forms.now)]),
      theme,
    )),
    ...(state.compressed === undefined
      ? []
      : [
          theme.dim(
            `  compression: ${plural(state.sampled, 'page')} tried, ${(100 * state.compressed).toFixed(0)} % of their size`,
          ),
        ]),
  ];
}

function commonLines({ states, distinct, inAll, template }: Stat, theme: Theme): string[] {
  const { pageSize } = states[0]!;
  const data = states.reduce((sum, state) => sum + state.data, 0);
  const saved = template * (states.length - 1) * pageSize;
  return [
    theme.strong(`${plural(states.length, 'state')} together`),
    `  ${plural(distinct, 'different content')} in ${plural(data, 'page')} with data`,
    `  ${plural(inAll, 'content')} in every state`,
    `  ${plural(template, 'page')} with the same content at the same address in every state: a template saves ${humanBytes(saved)}`,
  ];
}
