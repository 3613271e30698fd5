// A profile for people: the QEMU, its blocks, and the changes made before it was started.

import { escapeText } from '../../base/quote.js';
import type { Destination, NeutralisedOption } from '../../destination/destination.js';
import { printableLine } from '../printable.js';
import { humanBytes, plural } from '../quantity.js';
import { renderTable } from '../table.js';
import type { Theme } from '../theme.js';

export async function profileText(destination: Destination, theme: Theme, width?: number): Promise<string> {
  const { qemu, cpu, blocks, save, tables, notes } = destination;
  const fact = (label: string, text: string): string => `  ${theme.label(label.padEnd(13))} ${printableLine(text)}`;
  const yes = (value: boolean | undefined): string => (value === undefined ? 'unknown' : value ? 'yes' : 'no');
  const on = Object.entries(destination.capabilities).flatMap(([name, state]) => (state ? [name] : []));
  const rows = blocks.map((block) => [
    theme.name(escapeText(block.idstr)),
    humanBytes(block.usedLength),
    block.maxLength === block.usedLength ? '' : `to ${humanBytes(block.maxLength)}`,
    humanBytes(block.pageSize),
    theme.offset(block.gpa === undefined ? 'unknown' : `0x${block.gpa.toString(16)}`),
    yes(block.migratable),
    yes(block.ignored),
  ]);
  const table = await renderTable(
    [
      { title: 'block' },
      { title: 'size', align: 'right' },
      { title: 'resizable' },
      { title: 'pages', align: 'right', expendable: 1 },
      { title: 'address' },
      { title: 'migratable' },
      { title: 'ignored' },
    ],
    rows,
    theme,
    width,
  );
  const lines = [
    theme.heading('Profile'),
    fact('machine', destination.machine),
    fact(
      'QEMU',
      `${qemu.major}.${qemu.minor}.${qemu.micro}${qemu.package === '' ? '' : ` (${qemu.package})`}, ${destination.target}`,
    ),
    fact('cpu', `${cpu.model ?? 'unknown'}, ${plural(cpu.features.length, 'feature')}, ${cpu.accelerator}`),
    fact('pages', `target ${humanBytes(destination.targetPageSize)}, host ${humanBytes(destination.hostPageSize)}`),
    ...(destination.uuid === undefined ? [] : [fact('uuid', destination.uuid)]),
    fact(
      'capabilities',
      `${plural(Object.keys(destination.capabilities).length, 'known one')}${on.length === 0 ? '' : `, on: ${on.join(', ')}`}`,
    ),
    fact('sections', save === undefined ? 'unknown' : plural(save.sections.length, 'section')),
    fact(
      'vmstate',
      tables === undefined
        ? 'unknown'
        : `${plural(tables.types.size, 'device type')}, ${plural(tables.all.length, 'description')}`,
    ),
    '',
    ...table,
    ...changesText(destination.neutralised, theme),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `${theme.warning('note:')} ${printableLine(note)}`)]),
  ];
  return `${lines.join('\n')}\n`;
}

/** The changes to a command line, one line each. Empty when there are none. */
function changesText(changes: readonly NeutralisedOption[], theme: Theme): string[] {
  if (changes.length === 0) return [];
  const line = ({ option, before, after, why, limits }: NeutralisedOption): string[] => [
    `  ${printableLine(`${option} ${before}`.trim())}`,
    `    ${theme.label(after === null ? 'left out' : 'became')} ${after === null ? '' : `${printableLine(after)} `}${theme.dim(`(${printableLine(why)})`)}`,
    ...(limits === undefined ? [] : [`    ${theme.warning('but')} ${printableLine(limits)}`]),
  ];
  return ['', theme.heading('Changed before it was started'), ...changes.flatMap(line)];
}
