// What the RAM section says, as events. stream/event.ts joins them with those of the grammar.

import type { Span } from '../base/span.js';
import type { BlockLayout, How } from '../wire/dialect.js';
import type { RamBlockEntry } from '../wire/ram-block.js';
import type { LayoutTrial } from './infer-layout.js';
import type { PageRuns } from './page-runs.js';

export type RamEvent =
  /**
   * MEM_SIZE: the block list. A mapped-ram list is interrupted by the pages of each block, so it comes in stretches:
   * the first has `continues` false. `total` is the sum that the list must reach.
   */
  | {
      readonly kind: 'ram-blocks';
      readonly total: number;
      /** MEM_SIZE, with CONTINUE or without. */
      readonly flags: number;
      readonly layout: BlockLayout;
      /** Target page size in bytes: how flags were told from addresses. */
      readonly targetPageSize: number;
      readonly blocks: readonly RamBlockEntry[];
      readonly continues: boolean;
      /**
       * Mapped-ram only: bytes from the start of the file that the headers count from to the start of the stream. The
       * pages of a block stand at `pagesOffset - mappedBase` of the stream.
       */
      readonly mappedBase?: number | undefined;
      readonly span: Span;
    }
  /** The file area of one mapped-ram block: bitmap, padding, pages. In chunks; `bytes` is empty when skipped over. */
  | {
      readonly kind: 'mapped-area';
      readonly block: number;
      readonly bytes: Uint8Array;
      readonly last: boolean;
      readonly span: Span;
    }
  /**
   * The pages of a mapped-ram block as its bitmap tells them, in runs: a set bit is a page, a clear bit a zero page.
   * Informs only: the bytes belong to `mapped-area`. A loan. `runs.bytes` is empty where the area was skipped over.
   */
  | { readonly kind: 'mapped-pages'; readonly block: number; readonly runs: PageRuns; readonly span: Span }
  /** Page records, in runs. A loan. */
  | { readonly kind: 'pages'; readonly runs: PageRuns; readonly span: Span }
  /** A record without a body. `address` is 0 in every stream that QEMU writes. */
  | {
      readonly kind: 'ram-mark';
      readonly mark: RamMark;
      readonly flags: number;
      readonly address: number;
      readonly targetPageSize: number;
      readonly span: Span;
    }
  /** A fact that the reader had to find out, as soon as it needs it. */
  | DialectEvent;

export type RamMark = 'eos' | 'hook' | 'multifd-flush';

export interface DialectEvent {
  readonly kind: 'dialect';
  readonly fact: 'layout' | 'target-page-size' | 'footers' | 'mapped-base';
  readonly value: string | number | boolean;
  readonly how: How;
  /** Other values that would have fitted what was looked at. */
  readonly alternatives: readonly (string | number)[];
  /** For the layout: every candidate and the first rule that it breaks. */
  readonly trials: readonly LayoutTrial[];
  readonly span: Span;
}
