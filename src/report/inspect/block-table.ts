// The RAM block table of `mstream inspect`. The text leaves out columns that say nothing about this stream; the JSON
// has all columns.

import { escapeText } from '../../base/quote.js';
import type { BlockRow } from '../../ops/block-rows.js';
import { countText, hexText, humanBytes, humanColumn, plural } from '../quantity.js';
import { renderTable, type Column } from '../table.js';
import type { Theme } from '../theme.js';

interface BlockColumn extends Column {
  /** Undefined: always shown. */
  shown?(blocks: readonly BlockRow[]): boolean;
  cell(block: BlockRow, theme: Theme): string;
}

const some =
  (test: (block: BlockRow) => boolean) =>
  (blocks: readonly BlockRow[]): boolean =>
    blocks.some(test);

/** A mapped-ram block without a bitmap, or whose bitmap was not read. */
const uncounted = ({ mapped, pages, sent }: BlockRow): boolean => mapped !== undefined && sent.absent === pages;

const number = (title: string, value: (block: BlockRow) => number | undefined, always: boolean): BlockColumn => ({
  title,
  align: 'right',
  ...(always ? {} : { shown: some((block) => value(block) !== 0) }),
  cell: (block, theme) => {
    const count = value(block);
    if (count === 0 && uncounted(block)) return theme.dim('-');
    return count === undefined ? '?' : count === 0 ? theme.dim('0') : countText(count);
  },
});

const ignoredShort: Readonly<Record<BlockRow['ignoredHow'], string>> = {
  'ignored-byte': 'ignored byte',
  'mapped-ram-header': 'mapped-ram header',
  'no-pages': 'no pages came',
  pages: 'pages came',
  'mapped-area': 'pages in the file',
  unknown: 'stream broke off',
};

/** Rows of text; see section-map.ts. */
const MAX_ROWS = 1000;

const columns: readonly BlockColumn[] = [
  { title: 'block', cell: (block, theme) => theme.name(escapeText(block.idstr)) },
  { title: 'used length', align: 'right', cell: (block) => countText(block.usedLength) },
  { title: '', align: 'right', expendable: 3, cell: (block, theme) => theme.dim(humanColumn(block.usedLength)) },
  {
    title: 'page size',
    align: 'right',
    shown: some((block) => block.pageSize !== undefined),
    cell: (block) => (block.pageSize === undefined ? '' : humanBytes(block.pageSize)),
  },
  {
    title: 'address',
    align: 'right',
    shown: some((block) => block.gpa !== undefined),
    cell: (block, theme) => (block.gpa === undefined ? '' : theme.offset(hexText(block.gpa))),
  },
  {
    title: 'ignored',
    cell: (block, theme) => {
      const how = theme.dim(`(${ignoredShort[block.ignoredHow]})`);
      if (block.ignored === undefined) return `? ${how}`;
      return `${block.ignored ? theme.warning('yes') : 'no'} ${how}`;
    },
  },
  {
    title: 'pages at',
    align: 'right',
    shown: some((block) => block.mapped !== undefined),
    cell: (block, theme) => (block.mapped === undefined ? '' : theme.offset(hexText(block.mapped.pagesOffset))),
  },
  { ...number('pages', (block) => block.pages, true), expendable: 2 },
  number('data', (block) => block.sent.page, true),
  number('zero', (block) => block.sent.zero, true),
  {
    title: 'stale',
    align: 'right',
    shown: some((block) => block.mapped?.stale !== undefined),
    cell: (block, theme) => {
      const stale = block.mapped?.stale;
      return stale === undefined ? '?' : stale === 0 ? theme.dim('0') : theme.warning(countText(stale));
    },
  },
  number('filled', (block) => block.sent.filled, false),
  number('xbzrle', (block) => block.sent.xbzrle, false),
  number('compressed', (block) => block.sent.compressed, false),
  number('resent', (block) => block.sent.resent, true),
  {
    title: 'absent',
    align: 'right',
    cell: (block, theme) => {
      const { absent } = block.sent;
      if (absent === undefined) return '?';
      if (uncounted(block)) return theme.dim('-');
      const excused = absent === 0 || block.ignored === true;
      return excused ? theme.dim(countText(absent)) : theme.warning(countText(absent));
    },
  },
  { ...number('bytes', (block) => block.sent.bytes, true), expendable: 1 },
];

export async function blockTable(blocks: readonly BlockRow[], theme: Theme, width?: number): Promise<string[]> {
  const total = blocks.reduce((sum, block) => sum + block.usedLength, 0);
  const title = theme.heading(`RAM blocks: ${blocks.length === 0 ? 'none' : `${blocks.length}, ${humanBytes(total)}`}`);
  const used = columns.filter((column) => column.shown?.(blocks) ?? true);
  const rows = blocks.slice(0, MAX_ROWS).map((block) => used.map((column) => column.cell(block, theme)));
  const lines = [title, ...(await renderTable(used, rows, theme, width))];
  if (rows.length < blocks.length)
    lines.push(theme.warning(`  … and ${plural(blocks.length - rows.length, 'more block')}: --json has them all`));
  const uncounted = blocks.filter((block) => block.sent.absent === undefined).length;
  if (uncounted > 0) lines.push(`  ?: too large to remember which pages came (${plural(uncounted, 'block')})`);
  return lines;
}
