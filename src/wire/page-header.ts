// The head of every record in the RAM section: address and flags in one be64, then the block's name unless CONTINUE.
// This file is the truth; ram/page-loop.ts and ram/page-writer.ts do the same by hand for speed, and a property test
// holds the three equal. QEMU: save_page_header() and ram_load_precopy(), migration/ram.c.

import { cannotEncode } from '../bytes/emitter.js';
import { be64, counted, type Codec } from './kit/codec.js';
import { ramFlag, recordFlags } from './ram-flags.js';

export interface PageHeader {
  /** Byte offset in the block (page records), the total (MEM_SIZE), else 0. A multiple of the target page size. */
  readonly address: number;
  /** The low bits: one of `recordFlags`, with CONTINUE or without. */
  readonly flags: number;
  /** Present exactly when the record is for a page and CONTINUE is clear. */
  readonly idstr?: string;
}

const namesBlock = ramFlag.zero | ramFlag.page | ramFlag.xbzrle | ramFlag.compressPage;

function named(flags: number): boolean {
  return (flags & namesBlock) !== 0 && (flags & ramFlag.continue) === 0;
}

/** The codec for one target page size (bytes, a power of two). */
export function pageHeader(targetPageSize: number): Codec<PageHeader> {
  return {
    decode(window) {
      const depth = window.enter('page record');
      const offset = window.position;
      const word = be64.decode(window);
      const flags = word % targetPageSize;
      const kind = flags & ~ramFlag.continue;
      if (!recordFlags.includes(kind)) {
        throw window.fail('bad-ram-flags', `unknown combination of RAM flags 0x${flags.toString(16)}`, {
          offset,
          hint: 'exactly one kind of record is allowed; damaged RAM, or another target page size or dialect',
        });
      }
      const header: PageHeader = {
        address: word - flags,
        flags,
        ...(named(flags) ? { idstr: counted.decode(window) } : {}),
      };
      window.leave(depth);
      return header;
    },
    encode(emitter, header) {
      if (header.flags >= targetPageSize || header.address % targetPageSize !== 0) {
        throw cannotEncode(
          `address 0x${header.address.toString(16)} or flags 0x${header.flags.toString(16)} do not fit pages of ${targetPageSize}`,
        );
      }
      // A name too many or one too few would be read as something else.
      if (named(header.flags) !== (header.idstr !== undefined))
        throw cannotEncode(`flags 0x${header.flags.toString(16)} decide whether a block name follows`);
      be64.encode(emitter, header.address + header.flags);
      if (header.idstr !== undefined) counted.encode(emitter, header.idstr);
    },
    size: (header) => 8 + (header.idstr === undefined ? 0 : counted.size(header.idstr)),
    maxSize: 8 + counted.maxSize,
    describe: () => 'address | flags: be64, [block: cstr8]',
  };
}
