// Messages about the RAM block list and mapped-ram. QEMU: parse_ramblocks() and parse_ramblock_mapped_ram(),
// migration/ram.c; qemu_ram_resize(), system/physmem.c.

import { always, messages } from './message.js';
import { release } from '../version.js';

const ram = (name: string): string => `migration/ram.c:${name}`;

export const ramListMessages = messages({
  'unknown-ramblock': {
    texts: always('Unknown ramblock "{block}", cannot accept migration'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('parse_ramblocks'),
  },
  'block-not-migrated': {
    texts: always('block {block} should not be migrated !'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('parse_ramblock, ram_block_from_stream'),
  },
  'size-mismatch': {
    texts: [
      { until: release('5.1'), text: 'Length mismatch: {block}: 0x{received:x} in != 0x{local:x}: Invalid argument' },
      { since: release('5.2'), text: 'Size mismatch: {block}: 0x{received:x} != 0x{local:x}: Invalid argument' },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'system/physmem.c:qemu_ram_resize',
  },
  'size-too-large': {
    texts: [
      { until: release('5.1'), text: 'Length too large: {block}: 0x{received:x} > 0x{maximum:x}: Invalid argument' },
      { since: release('5.2'), text: 'Size too large: {block}: 0x{received:x} > 0x{maximum:x}: Invalid argument' },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'system/physmem.c:qemu_ram_resize',
  },
  'block-page-size': {
    texts: always('Mismatched RAM page size {block} (local) {local:d} != {received:d}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('parse_ramblock'),
  },
  'block-gpa': {
    texts: [{ since: release('4.0'), text: 'Mismatched GPAs for block {block} {received:d}!= {local:d}' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('parse_ramblock'),
  },
  /** `not` is empty (and the space before it stays) or "not". */
  'block-ignored': {
    texts: [{ since: release('4.0'), until: release('4.0'), text: 'RAM block {block:w} should {not:o} be migrated' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('ram_load (4.0)'),
  },
  'mapped-header-short': {
    texts: [
      {
        since: release('9.0'),
        text: 'Could not read whole mapped-ram migration header (expected {expected:d}, got {received:d} bytes)',
      },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('mapped_ram_read_header'),
  },
  'mapped-version': {
    texts: [
      {
        since: release('9.0'),
        text: 'Migration mapped-ram capability version not supported (expected <= {expected:d}, got {received:d})',
      },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('mapped_ram_read_header'),
  },
  'mapped-page-size': {
    texts: [
      {
        since: release('10.2'),
        text: 'Migration mapped-ram header has invalid page_size {received:d} (expected {expected:d})',
      },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('mapped_ram_read_header'),
  },
  'mapped-alignment': {
    texts: [{ since: release('9.0'), text: 'Error reading ramblock {block} pages, region has bad alignment' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('parse_ramblock_mapped_ram'),
  },
  'mapped-bitmap': {
    texts: [{ since: release('9.0'), text: 'Error reading dirty bitmap' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('parse_ramblock_mapped_ram'),
  },
  'mapped-outside': {
    texts: [{ since: release('9.0'), text: 'page outside of ramblock {block} range' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('read_ramblock_mapped_ram'),
  },
  /** Inside of `mapped-page`. The lab has 10.0 and 11.1; what lies between is inferred. */
  'channel-short-read': {
    texts: [
      {
        since: release('9.0'),
        until: release('10.1'),
        text: 'Partial read of size {read:d}, expected {expected:d}',
      },
      { since: release('10.2'), text: 'Unexpected end-of-file before all data were read' },
    ],
    effect: 'context',
    source: 'migration/qemu-file.c:qemu_get_buffer_at',
  },
  /** No space before "from": QEMU's own. */
  'mapped-page': {
    texts: [
      { since: release('9.0'), text: '({block}) failed to read page {page:x}from file offset {offset:x}: {error}' },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: ram('read_ramblock_mapped_ram'),
  },
});
