// Totals and warnings of `mstream inspect`.

import type { Inspection, StreamWarning } from '../../ops/inspect.js';
import { printableLine } from '../printable.js';
import { countText, hexText, humanColumn, percentText, plural } from '../quantity.js';
import { renderTable, type Column } from '../table.js';
import type { Theme } from '../theme.js';

const columns: readonly Column[] = [
  { title: 'part' },
  { title: 'bytes', align: 'right' },
  { title: '', align: 'right' },
  { title: 'share', align: 'right' },
  { title: 'in' },
];

export async function totalsLines({ totals, map, blocks, size, error }: Inspection, theme: Theme): Promise<string[]> {
  const whole = error === undefined ? (size ?? totals.bytes) : totals.bytes;
  const devices = new Set(
    map.filter((row) => row.section !== undefined && row.section.idstr !== 'ram').map((row) => row.section!.sectionId),
  ).size;
  const counted = totals.pageBytes + totals.deviceBytes + totals.vmdescriptionBytes + totals.trailingBytes;
  const mapped = blocks.some((block) => block.mapped !== undefined);
  const rows: [string, number, string][] = [
    ['RAM pages', totals.pageBytes, plural(totals.pages, 'record')],
    ['device state', totals.deviceBytes, plural(devices, 'section')],
    ['vmdescription', totals.vmdescriptionBytes, ''],
    ['trailing bytes', totals.trailingBytes, 'QEMU does not read them'],
    [mapped ? 'mapped RAM, headers, lists, footers' : 'headers, lists, footers', totals.bytes - counted, ''],
    [error === undefined ? 'whole' : 'all that was read', totals.bytes, ''],
  ];
  const shown = rows.filter(([part, bytes]) => bytes > 0 || part === 'whole');
  return [
    theme.heading('Totals'),
    ...(await renderTable(
      columns,
      shown.map(([part, bytes, where]) => [
        part,
        countText(bytes),
        theme.dim(humanColumn(bytes)),
        percentText(bytes, whole),
        theme.dim(where),
      ]),
      theme,
    )),
  ];
}

export function warningLines(warnings: readonly StreamWarning[], theme: Theme): string[] {
  if (warnings.length === 0) return [];
  return [
    theme.heading(plural(warnings.length, 'warning').replace('warning', 'Warning')),
    ...warnings.map(({ code, message, offset, path }) => {
      const where = path.length === 0 ? '' : ` in ${path.map(printableLine).join(' > ')}`;
      return `  ${theme.warning(code)} at ${theme.offset(hexText(offset))}${where}: ${printableLine(message)}`;
    }),
  ];
}
