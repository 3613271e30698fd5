// Rows: streams that end before their end. Imports its own folder.

import type { Anatomy, Item } from '../anatomy.js';
import { cutAt, first, full, headerOf, mainBlock, record } from '../patch.js';
import { rowsOf, type Row } from '../row.js';

const afterEof = (a: Anatomy): number => first(a, 'eof').span.end;
const middle = (item: Item): number => item.payload.start + ((item.payload.end - item.payload.start) >> 1);
const cut = (place: (a: Anatomy) => number) => ({ mutate: (a: Anatomy) => cutAt(a, place(a)) });

export const truncationRows: readonly Row[] = rowsOf('truncation', 'plain', {
  'nothing at all': cut(() => 0),
  'in the magic': cut(() => 2),
  'in the version': cut(() => 6),
  'behind the header': cut(() => 8),
  'behind the configuration’s type': cut(() => 9),
  'in the machine’s name': cut((a) => a.machine.name.start + 4),
  'in the machine’s prefix': cut((a) => a.machine.name.end - 1),
  'behind the configuration': cut((a) => first(a, 'configuration').span.end),
  'in a START’s id': cut((a) => first(a, 'start').span.start + 3),
  'in a START’s name': cut((a) => headerOf(first(a, 'start')).name.start + 2),
  'before a START’s version': cut((a) => headerOf(first(a, 'start')).version.start),
  'in MEM_SIZE': cut((a) => a.total.start + 3),
  'behind MEM_SIZE': cut((a) => a.total.end),
  'in a block’s name': cut((a) => mainBlock(a).name.start + 3),
  'in a block’s length': cut((a) => mainBlock(a).length.start + 3),
  'between two blocks': cut((a) => mainBlock(a).span.end),
  'before EOS': cut((a) => a.marks[0]!.span.start),
  'in EOS': cut((a) => a.marks[0]!.span.start + 4),
  'before the footer of START': cut((a) => first(a, 'start').footer.start),
  'in the footer of START': cut((a) => first(a, 'start').footer.start + 2),
  'behind START': cut((a) => first(a, 'start').span.end),
  'in a PART’s id': cut((a) => first(a, 'part').span.start + 2),
  'in a page’s address': cut((a) => record(a, ({ named }) => !named).span.start + 5),
  'between two pages': cut((a) => a.records[10]!.span.start),
  'in a page': cut((a) => record(a, ({ kind }) => kind === 'page').body.start + 100),
  'in a page’s block name': cut((a) => record(a, ({ named }) => named).word.end + 3),
  'before a fill byte': cut((a) => record(a, ({ kind }) => kind === 'zero').body.start),
  'behind the last page': cut((a) => a.records.at(-1)!.span.end),
  'before the footer of PART': cut((a) => first(a, 'part').footer.start),
  'behind PART': cut((a) => first(a, 'part').span.end),
  'before END’s EOS': cut((a) => a.marks.at(-1)!.span.start),
  'behind END': cut((a) => first(a, 'end').span.end),
  'in a FULL’s id': cut((a) => full(a, 'timer').span.start + 2),
  'in a FULL’s name': cut((a) => headerOf(full(a, 'timer')).name.start + 2),
  'behind a FULL’s header': cut((a) => full(a, 'timer').payload.start),
  'in a small device': cut((a) => middle(full(a, 'timer'))),
  'in the CPU': cut((a) => middle(full(a, 'cpu'))),
  'in a PCI device': cut((a) => middle(full(a, '0000:00:01.3/piix4_pm'))),
  'in fdc': cut((a) => middle(full(a, 'fdc'))),
  'before a device’s footer': cut((a) => full(a, 'timer').footer.start),
  'before the CPU’s footer': cut((a) => full(a, 'cpu').footer.start),
  'in a device’s footer': cut((a) => full(a, 'timer').footer.start + 3),
  'between two devices': cut((a) => full(a, 'i8254').span.end),
  'in globalstate': cut((a) => middle(full(a, 'globalstate'))),
  'before EOF': cut((a) => first(a, 'eof').span.start),
  'behind EOF': cut((a) => afterEof(a)),
  'in the vmdescription’s length': cut((a) => afterEof(a) + 3),
  'in the vmdescription': cut((a) => afterEof(a) + 1000),
  'one byte': cut((a) => a.bytes.length - 1),
});
