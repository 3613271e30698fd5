// The map of `mstream inspect`: every item of the stream in order, with its offset, its size, and how the end of its
// payload is known.

import { escapeText } from '../../base/quote.js';
import { spanLength } from '../../base/span.js';
import type { MapRow } from '../../ops/inspect.js';
import type { Boundary } from '../../stream/event.js';
import { countText, humanColumn, offsetText, plural } from '../quantity.js';
import { renderTable, type Column } from '../table.js';
import type { Theme } from '../theme.js';

/** Maximum number of rows of text. Real streams have far fewer, and cli-table3 takes minutes for tens of thousands. */
const MAX_ROWS = 1000;

const columns: readonly Column[] = [
  { title: 'offset' },
  { title: 'size', align: 'right' },
  { title: '', align: 'right', expendable: 4 },
  { title: 'item' },
  { title: 'id', align: 'right' },
  { title: 'name' },
  { title: 'version', align: 'right', expendable: 2 },
  { title: 'payload', align: 'right', expendable: 3 },
  { title: 'its end known by', expendable: 1 },
];

const kinds: Readonly<Record<MapRow['kind'], string>> = {
  header: 'file header',
  configuration: 'configuration',
  start: 'START',
  part: 'PART',
  end: 'END',
  full: 'FULL',
  command: 'command',
  eof: 'EOF',
  vmdescription: 'vmdescription',
  trailing: 'trailing bytes',
};

const boundaries: Readonly<Record<Boundary, string>> = {
  decoder: 'its own format',
  vmdescription: 'vmdescription',
  'footer-scan': 'a scan for its footer',
};

export async function sectionMap(
  map: readonly MapRow[],
  omitted: number,
  theme: Theme,
  width?: number,
): Promise<string[]> {
  const items = map.reduce((sum, row) => sum + row.count, 0);
  const title = theme.heading(`Sections and what stands between them: ${plural(items + omitted, 'item')}`);
  const shown = map.slice(0, MAX_ROWS);
  const lines = [
    title,
    ...(await renderTable(
      columns,
      shown.map((row) => cells(row, theme)),
      theme,
      width,
    )),
  ];
  const hidden = omitted + map.length - shown.length;
  if (hidden > 0) lines.push(theme.warning(`  … and ${plural(hidden, 'more row')}: --jsonl has them all`));
  return lines;
}

function cells(row: MapRow, theme: Theme): string[] {
  const size = spanLength(row.span);
  const indent = '  '.repeat(row.depth);
  const item = `${indent}${kinds[row.kind]}${row.count > 1 ? ` x ${countText(row.count)}` : ''}`;
  return [
    theme.offset(offsetText(row.span.start)),
    countText(size),
    theme.dim(humanColumn(size)),
    row.kind === 'trailing' ? theme.warning(item) : item,
    row.section === undefined ? '' : String(row.section.sectionId),
    nameCell(row, theme),
    row.section === undefined || row.kind === 'part' || row.kind === 'end' ? '' : String(row.section.versionId),
    row.payload === undefined ? '' : countText(row.payload),
    boundaryCell(row.boundary, theme),
  ];
}

function nameCell({ section, command }: MapRow, theme: Theme): string {
  if (command !== undefined) return theme.strong(command);
  if (section === undefined) return '';
  const instance = section.instanceId === 0 ? '' : theme.dim(` [${section.instanceId}]`);
  return theme.name(escapeText(section.idstr)) + instance;
}

function boundaryCell(boundary: Boundary | undefined, theme: Theme): string {
  if (boundary === undefined) return '';
  return boundary === 'footer-scan' ? theme.warning(boundaries[boundary]) : theme.dim(boundaries[boundary]);
}
