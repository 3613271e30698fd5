// Tables without borders, by cli-table3, indented by two.

import type { Theme } from './theme.js';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /**
   * On a narrow terminal columns with this number are dropped, the highest number first. Without a number the column
   * stays.
   */
  readonly expendable?: number;
}

const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

const INDENT = 2;
const GAP = 2;
const colour = /\u001b\[[\d;]*m/g;

/**
 * Cells may contain colour. A table without rows is empty text. `width`: width of the terminal; undefined where there
 * is none.
 */
export async function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  theme: Theme,
  width: number | undefined = undefined,
): Promise<string[]> {
  if (rows.length === 0) return [];
  const kept = fitting(columns, rows, width);
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: kept.map((i) => theme.label(columns[i]!.title)),
    colAligns: kept.map((i) => columns[i]!.align ?? 'left'),
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push(kept.map((i) => row[i]!));
  return table
    .toString()
    .split('\n')
    .map((line) => `${' '.repeat(INDENT)}${line}`.trimEnd());
}

/** Indexes of the columns that fit, or of the columns that must stay. */
function fitting(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): number[] {
  let kept = columns.map((_, i) => i);
  if (width === undefined) return kept;
  const widths = columns.map((column, i) =>
    Math.max(column.title.length, ...rows.map((row) => row[i]!.replace(colour, '').length)),
  );
  const needed = (): number => kept.reduce((sum, i) => sum + widths[i]! + GAP, INDENT - GAP);
  const goes = columns.map((column, i) => ({ i, rank: column.expendable ?? 0 })).filter(({ rank }) => rank > 0);
  for (const { i } of goes.sort((a, b) => b.rank - a.rank)) {
    if (needed() <= width) break;
    kept = kept.filter((column) => column !== i);
  }
  return kept;
}
