// Explanations of what QEMU says about guest memory.

import {
  AGAIN,
  around,
  CUT,
  cut,
  DAMAGED,
  damaged,
  explanations,
  HUGE_PAGES,
  MISSING,
  row,
  SAME_ARGV,
  SAME_BACKEND,
  VERIFY,
} from './row.js';

const OTHER_LAYOUT =
  'the block list is of another layout than the destination reads: 4.0 with x-ignore-shared has a byte more for each block than 4.1 and later';

export const ramExplanations = explanations({
  'unknown-ramblock': row(
    'The stream has memory for block "{block}", and the destination has no such block.',
    [
      'a device or memory backend is missing, or has another id (mem0 is the id of -object)',
      `an empty or garbled name: ${OTHER_LAYOUT}`,
    ],
    [
      SAME_ARGV,
      { code: 'rename-block', block: '{block}' },
      { code: 'drop-block', block: '{block}' },
      { code: 'to-dialect-of-name' },
    ],
  ),
  'block-not-migrated': row(
    'Pages of {block} came, and the destination leaves that block out.',
    [
      'its backend is shared and x-ignore-shared is on there, and the source sent it (memfd since 8.1)',
      'the block is not migratable here',
    ],
    [
      'share=off for that backend at the destination',
      { code: 'to-dialect-plain' },
      { code: 'externalize', block: '{block}' },
    ],
  ),
  'size-mismatch': row(
    'Block {block} has 0x{received} bytes in the stream and 0x{local} at the destination.',
    [
      'another -m or backend size',
      'another firmware or option ROM, whose file has another size',
      '0 bytes: the stream ends there',
    ],
    [
      'the same -m and sizes',
      '-bios or romfile= as at the source',
      { code: 'resize-block', block: '{block}', size: '{local}' },
    ],
  ),
  'size-too-large': row(
    'Block {block} has 0x{received} bytes in the stream, and can have 0x{maximum} at most here.',
    ['ACPI tables or ROMs of another version'],
    ['the same machine type', { code: 'resize-block', block: '{block}', size: '{maximum}' }],
  ),
  'block-page-size': row(
    'Block {block} has pages of {local} bytes here and {received} at the source.',
    [`${HUGE_PAGES}, with postcopy`],
    [SAME_BACKEND],
  ),
  'block-gpa': row(
    "Block {block} lies at {received} in the source's memory and at {local} here (decimal).",
    ['another memory layout: -m, NUMA nodes, order of memory devices'],
    [
      SAME_ARGV,
      { code: 'set-address', block: '{block}', address: '{local}' },
      'share=off for that backend: then nobody compares it',
    ],
  ),
  'block-ignored': row(
    'QEMU 4.0 only: the stream says that {block} was left out (or not), and this destination does otherwise. With two spaces: it was left out, and here its backend is private.',
    ['a template made with share=on, loaded with share=off: what every later QEMU allows'],
    [{ code: 'not-ignored', block: '{block}' }, { code: 'to-dialect-4.1' }],
  ),
  'mapped-header-short': cut('the mapped-ram header of a block'),
  'mapped-version': damaged('A mapped-ram header of version {received}.', 'capabilities differ from the block list'),
  'mapped-page-size': damaged('A mapped-ram header with pages of {received} bytes.', 'another target page size'),
  'mapped-alignment': row(
    'The pages of {block} begin between two pages.',
    [
      'mapped-ram with x-ignore-shared, which 11.1 writes and only 11.1 reads',
      'the file was moved into another one',
      DAMAGED,
    ],
    ['QEMU 11.1 or later', 'read the file from its own beginning', AGAIN],
  ),
  'mapped-bitmap': row(
    'The bitmap of a block could not be read.',
    ['the stream stands inside another file: its offsets are absolute', CUT, DAMAGED],
    ['file:PATH,offset=N', AGAIN],
  ),
  'mapped-outside': damaged('The bitmap of {block} names a page outside of it.'),
  'channel-short-read': row('The file ends before the bytes that were asked for.', [CUT], [AGAIN]),
  'mapped-page': row('Page 0x{page} of {block} could not be read at 0x{offset} of the file.', [CUT], [AGAIN]),
  'unknown-flags': row(
    'A page record with flags 0x{flags}, which are no single kind.',
    [
      '0: the stream ends there',
      '0x200: MULTIFD_FLUSH of QEMU 8.1 and later, read by an older one',
      '0x100: compressed pages of before 9.1, read by a newer one',
      OTHER_LAYOUT,
      DAMAGED,
    ],
    [VERIFY, { code: 'compact' }, 'a machine type up to 8.0 at the source avoids MULTIFD_FLUSH'],
  ),
  'unknown-flags-postcopy': damaged('A page record with flags 0x{flags} after the switch to postcopy.'),
  'unexpected-flags': row(
    'A page record of a kind that mapped-ram excludes (flags {flags}).',
    ['mapped-ram is on at the destination only'],
    ['switch mapped-ram off'],
  ),
  'unexpected-compressed': row(
    'A compressed page, and the destination has compress off.',
    [`most often ${OTHER_LAYOUT}`, 'the source had compress on'],
    [VERIFY, 'switch compress on (up to 9.0)', { code: 'compact' }],
  ),
  'ram-address-unreadable': row('The stream ends in the middle of guest memory.', [CUT], [AGAIN]),
  'no-block-named': damaged('A page record that refers to the block before, and there was none.', OTHER_LAYOUT),
  'unknown-block': row(
    'A page of block {block}, which the destination does not have.',
    [DAMAGED, 'a block was renamed in the list only'],
    [{ code: 'rename-block', block: '{block}' }, VERIFY],
  ),
  'illegal-offset': row(
    'A page at 0x{address}, outside of its block; or the line before says what was wrong with the block.',
    [DAMAGED, 'another target page size'],
    [VERIFY, 'the same sizes of memory on both sides'],
  ),
  'zero-fill': row(
    'A zero page with byte {fill}: QEMU 8.2 and later refuse it.',
    ['a stream of an old QEMU or of another program'],
    [{ code: 'compact' }, 'QEMU up to 8.1, and save again'],
  ),
  'compressed-length': damaged('A compressed page of {length} bytes.'),
  'decompress-failed': damaged('A compressed page is no zlib stream.'),
  'xbzrle-encoding': damaged('An XBZRLE page of unknown encoding.'),
  'xbzrle-length': damaged('An XBZRLE page longer than a page.'),
  'xbzrle-decode': damaged('An XBZRLE page that makes no sense.'),
  'xbzrle-page': around('It was the page at 0x{address}.', 'the line before'),
  'postcopy-order': damaged('Pages of one host page must come together in postcopy.'),
  'multifd-magic': row(
    'A connection that is no multifd channel.',
    ['multifd on one side only', 'the connections were mixed up'],
    ['multifd on both sides'],
  ),
  'multifd-version': damaged('A multifd channel of version {received}.'),
  'multifd-uuid': row('A multifd channel of the guest {received}.', ['-uuid differs'], ['the same -uuid']),
  'multifd-block': row('multifd sends block {block}, which is not here.', [MISSING], [SAME_ARGV]),
  'multifd-flags': row(
    'multifd pages are compressed differently on both sides.',
    ['multifd-compression differs'],
    ['the same multifd-compression'],
  ),
});
