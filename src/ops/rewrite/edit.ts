// Edits as values: what `mstream rewrite` can be asked, and what it answers. Names in an edit are those of the input,
// also when another edit renames them.

import type { Span } from '../../base/span.js';
import type { MemoryOrigin, MemoryTarget } from '../../bytes/memory.js';

export type Edit =
  /** Another layout of the block list. 'plain' is also what the 2.11 bypass-shared-memory fork wrote. */
  | { readonly edit: 'to-dialect'; readonly dialect: '4.0' | '4.1' | 'plain' }
  /** The ignored byte of QEMU 4.0 for one block. */
  | { readonly edit: 'ignored'; readonly block: string; readonly ignored: boolean }
  | { readonly edit: 'set-address'; readonly block: string; readonly address: bigint }
  | { readonly edit: 'rename-block'; readonly block: string; readonly to: string }
  | { readonly edit: 'drop-block'; readonly block: string }
  /** Bytes; a multiple of the target page size. */
  | { readonly edit: 'resize-block'; readonly block: string; readonly length: number }
  /** The block's pages leave the stream for a memory file, as if x-ignore-shared had been on. */
  | { readonly edit: 'externalize'; readonly block: string; readonly memory: MemoryTarget }
  /** The block's pages come from a memory file into the stream. */
  | { readonly edit: 'inline'; readonly block: string; readonly memory: MemoryOrigin }
  | { readonly edit: 'machine'; readonly name: string }
  | { readonly edit: 'set-capability'; readonly capability: string }
  | { readonly edit: 'clear-capability'; readonly capability: string }
  /** 16 bytes; undefined removes the subsection. */
  | { readonly edit: 'uuid'; readonly uuid: Uint8Array | undefined }
  | { readonly edit: 'target-page-bits'; readonly bits: number }
  | { readonly edit: 'drop-section'; readonly idstr: string; readonly instanceId?: number | undefined }
  | {
      readonly edit: 'rename-section';
      readonly idstr: string;
      readonly instanceId?: number | undefined;
      readonly to: string;
    }
  | { readonly edit: 'drop-command'; readonly command: number }
  | { readonly edit: 'footers'; readonly footers: boolean }
  | { readonly edit: 'drop-vmdescription' }
  /** A field of a device, `DEVICE[/INSTANCE].path.to.field` with `*` for anything; the width stays. */
  | { readonly edit: 'set'; readonly path: string; readonly value: string }
  /** As many bytes in place of others. */
  | { readonly edit: 'set-bytes'; readonly path: string; readonly bytes: Uint8Array }
  /** New bytes in front of a field, or behind it. */
  | { readonly edit: 'insert-bytes' | 'append-bytes'; readonly path: string; readonly bytes: Uint8Array }
  /** A field is taken out. */
  | { readonly edit: 'delete-bytes'; readonly path: string }
  /** By its own name (`pckbd/extended_state`), wherever it stands, or by its path. */
  | { readonly edit: 'drop-subsection'; readonly path: string }
  /** Only the newest version of each page, in block order. */
  | { readonly edit: 'compact' };

export type EditName = Edit['edit'];

/** One change, as the plan and the summary show it. */
export interface Difference {
  /** 'agreement': follows from another edit. */
  readonly edit: EditName | 'agreement';
  /** In the input; a point when something is inserted. */
  readonly span: Span;
  readonly what: string;
  readonly before: string;
  readonly after: string;
  readonly why: string;
}
