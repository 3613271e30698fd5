// Where the stream begins in the file that its mapped-ram offsets count from. `file:PATH,offset=N` and a libvirt image
// put the stream at N and count from the start of the file; a qcow2 snapshot counts from the start of the stream.
// QEMU: qemu_get_offset() and qemu_set_offset() in mapped_ram_setup_ramblock(), migration/ram.c.

import type { Cursor } from '../../bytes/cursor.js';
import { readSource } from '../../bytes/source.js';
import { Window } from '../../bytes/window.js';
import { unlessBroken } from '../../base/errors.js';
import type { BlockLayout, How } from '../../wire/dialect.js';
import { MAPPED_RAM_VERSION, mappedBitmapSize } from '../../wire/mapped-ram.js';
import { ramBlockEntry, type RamBlockEntry } from '../../wire/ram-block.js';
import { ramFlag } from '../../wire/ram-flags.js';

/** Bytes from the start of the file to the start of the stream, and how that is known. */
export interface MappedBase {
  readonly value: number;
  readonly how: How;
}

/**
 * The base of the stream that `cursor` reads, which stands right behind the header of `entry`, the first entry with
 * pages. QEMU puts the bitmap there, so `bitmap_offset` less this position is the base. A header that says otherwise
 * is damaged: the base is then the one under which the bytes behind the pages make sense, else 0.
 * @throws MigrationStreamError code `io`
 */
export async function findMappedBase(
  cursor: Cursor,
  entry: RamBlockEntry,
  layout: BlockLayout,
  pageSize: number,
  option: number | undefined,
): Promise<MappedBase> {
  if (option !== undefined) return { value: option, how: 'option' };
  const { bitmapOffset, pagesOffset } = entry.mapped!;
  const value = bitmapOffset - cursor.position;
  if (value === 0) return { value, how: 'inferred' };
  const end = pagesOffset + entry.usedLength;
  if (value > 0) {
    const { source } = cursor;
    const holds = source.seekable
      ? await goesOn(cursor, end - value, layout, pageSize)
      : pagesOffset - bitmapOffset >= mappedBitmapSize(entry.usedLength, pageSize);
    if (holds) return { value, how: 'inferred' };
  }
  return { value: 0, how: 'default' };
}

/** Does the next entry, or the end of the section, stand at `at`? */
async function goesOn(cursor: Cursor, at: number, layout: BlockLayout, pageSize: number): Promise<boolean> {
  if (!Number.isSafeInteger(at) || at < 0) return false;
  const codec = ramBlockEntry(layout, pageSize);
  const bytes = new Uint8Array(codec.maxSize);
  const got = await readSource(cursor.source, bytes, at);
  const window = Window.over(bytes.subarray(0, got));
  if (got < 8) return false;
  if (window.view.getUint32(0) === 0 && window.view.getUint32(4) === ramFlag.eos) return true;
  const next = unlessBroken(() => codec.decode(window));
  return (
    next !== undefined &&
    next.idstr !== '' &&
    next.mapped!.version <= MAPPED_RAM_VERSION &&
    next.mapped!.pageSize === pageSize
  );
}
