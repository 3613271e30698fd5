// Tables without borders, by cli-table3, indented by two. May import its own folder.

import type { Theme } from './theme.js';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
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

/** Cells may hold colour. A table with no rows is nothing. */
export async function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], theme: Theme): Promise<string[]> {
  if (rows.length === 0) return [];
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: columns.map((column) => theme.label(column.title)),
    colAligns: columns.map((column) => column.align ?? 'left'),
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd());
}
