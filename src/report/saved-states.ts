// The states and snapshots of a qcow2 image as table rows, for the error that asks for a choice.

import type { SavedStateRow } from '../base/saved-state.js';
import { printableLine } from './printable.js';
import { humanBytes } from './quantity.js';

const heads = ['id', 'tag', 'date', 'VM clock', 'state', 'machine'] as const;
/** Maximum number of rows in the text; the library gives all. */
const SHOWN = 100;

/** A line for each row, with aligned columns. */
export function savedStateLines(rows: readonly SavedStateRow[]): string[] {
  const cells = [heads, ...rows.slice(0, SHOWN).map(cellsOf)];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return rows.length > SHOWN ? [...lines, `and ${rows.length - SHOWN} more`] : lines;
}

function cellsOf({ id, tag, date, vmClock, stateSize, diskOnly, machine, damage }: SavedStateRow): readonly string[] {
  return [
    id === null ? '-' : printableLine(id),
    tag === null ? '(active L1 table)' : printableLine(tag),
    date === null ? '-' : date.replace('T', ' ').replace(/\..*$/, ''),
    vmClock === null ? '-' : clockText(vmClock),
    diskOnly ? 'disk only' : humanBytes(stateSize),
    damage === null ? printableLine(machine ?? '-') : `damaged: ${printableLine(damage)}`,
  ];
}

/** Hours, minutes, seconds, milliseconds, as in `qemu-img snapshot -l`. */
function clockText(seconds: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const rest = (seconds % 60).toFixed(3).padStart(6, '0');
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${rest}`;
}
