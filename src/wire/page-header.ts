// The head of every record in the RAM section: address and flags in one be64, then the block's name unless CONTINUE is
// set. This file is the reference. ram/page-loop.ts and ram/page-writer.ts do the same by hand for speed, and a
// property test checks that all three agree. QEMU: save_page_header() and ram_load_precopy(), migration/ram.c.

import { flaggedWord, type FlaggedWord } from './flagged-word.js';
import { counted, type Codec } from './kit/codec.js';
import { checked } from './kit/combine.js';
import { record, when } from './kit/record.js';
import { ramFlag, recordFlags } from './ram-flags.js';

const namesBlock = ramFlag.zero | ramFlag.page | ramFlag.xbzrle | ramFlag.compressPage;

/**
 * The codec for one target page size (bytes, a power of two). `address`: byte offset in the block (page records), the
 * total (MEM_SIZE), otherwise 0. `flags`: one of `recordFlags`, with or without CONTINUE. `idstr`: the block's name.
 */
export function pageHeader(targetPageSize: number): Codec<PageHeader> {
  const word = checked(flaggedWord(targetPageSize), 'bad-ram-flags', ({ flags }) =>
    recordFlags.includes(flags & ~ramFlag.continue)
      ? undefined
      : {
          message: `unknown combination of RAM flags 0x${flags.toString(16)}`,
          hint: { code: 'one-record-kind' },
        },
  );
  return record('page record', { idstr: when(named, counted) }, word);
}

/** `idstr` is present exactly for page records with CONTINUE clear. */
export type PageHeader = FlaggedWord & { readonly idstr?: string };

function named({ flags }: FlaggedWord): boolean {
  return (flags & namesBlock) !== 0 && (flags & ramFlag.continue) === 0;
}
