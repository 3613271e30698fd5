// The facts that a reader needs and the bytes do not state: the layout of a block list entry, the target page size,
// whether sections have footers. A dialect is a value that is passed on, never a mode. Each layout cites its source.

import { provenRange } from '../release/fact.js';
import { layoutReaders, layoutWriters } from '../release/records.js';
import { compareVersions, versionText } from '../release/version.js';

/**
 * The fields of a MEM_SIZE block list entry after name and length (docs/format.md). QEMU: ram_save_setup() and
 * parse_ramblock(), migration/ram.c.
 */
export interface BlockLayout {
  readonly name: LayoutName;
  /** Entries of blocks with unusual page size carry be64 page_size: postcopy-ram. */
  readonly postcopyPageSize: boolean;
  /** be64 address of the memory region in its container: x-ignore-shared. */
  readonly gpa: boolean;
  /** u8 after the address: QEMU 4.0 only; removed by commit b17fbbe55c, in 4.1. */
  readonly ignoredByte: boolean;
  /** 28-byte header, then the file position jumps over the block's pages: mapped-ram. */
  readonly mapped: boolean;
  /** The releases that write this layout. */
  readonly producers: string;
}

export type LayoutName =
  'plain' | 'postcopy' | 'ignore-shared-4.0' | 'ignore-shared-4.1' | 'mapped-ram' | 'ignore-shared-mapped-ram';

/** `options`: what a source has switched on to write it. */
function layout(name: LayoutName, has: Partial<BlockLayout>, options: string): BlockLayout {
  const { since, until } = provenRange(layoutWriters[name]);
  const { since: reads } = provenRange(layoutReaders[name]);
  const releases =
    since === undefined
      ? 'every QEMU'
      : until === undefined
        ? `QEMU ${versionText(since)} and later`
        : `QEMU ${versionText(since)}.x`;
  const loadable =
    since === undefined || reads === undefined || compareVersions(reads, since) === 0
      ? ''
      : ` (loadable since ${versionText(reads)})`;
  const producers = `${releases}${loadable}${since === undefined ? ' ' : ', '}${options}`;
  return { name, postcopyPageSize: false, gpa: false, ignoredByte: false, mapped: false, ...has, producers };
}

export const layouts: Readonly<Record<LayoutName, BlockLayout>> = {
  plain: layout('plain', {}, 'without x-ignore-shared and mapped-ram'),
  postcopy: layout('postcopy', { postcopyPageSize: true }, 'postcopy-ram with hugepages'),
  'ignore-shared-4.0': layout('ignore-shared-4.0', { gpa: true, ignoredByte: true }, 'x-ignore-shared'),
  'ignore-shared-4.1': layout('ignore-shared-4.1', { gpa: true }, 'x-ignore-shared'),
  'mapped-ram': layout('mapped-ram', { mapped: true }, 'mapped-ram'),
  'ignore-shared-mapped-ram': layout(
    'ignore-shared-mapped-ram',
    { gpa: true, mapped: true },
    'x-ignore-shared and mapped-ram',
  ),
};

/** The values of `--dialect`: the name of a layout, or a QEMU release whose layout is known. */
export const layoutAliases: Readonly<Record<string, LayoutName>> = {
  '4.0': 'ignore-shared-4.0',
  '4.1': 'ignore-shared-4.1',
};

/** How a fact is known. Reports and verify grade their trust by it. */
export type How =
  /** The user gave it. */
  | 'option'
  /** The configuration section states it. */
  | 'configuration'
  /** The vmdescription at the tail states it. */
  | 'vmdescription'
  /** Every candidate was tried on the bytes; exactly one fitted. */
  | 'inferred'
  /** A default: nothing in the stream states it. */
  | 'default';
