// What the rest of a stream tells the RAM section.

import type { BlockLayout, How } from '../wire/dialect.js';

/** What the rest of the stream knows; asked anew in every section. */
export interface RamContext {
  readonly sectionId: number;
  readonly capabilities: readonly string[] | undefined;
  readonly adviseSummary: bigint | undefined;
  readonly footers: boolean | undefined;
  /** Bytes; undefined when neither option, configuration nor vmdescription says. */
  readonly targetPageSize: { readonly value: number; readonly how: How } | undefined;
  /** Set by the user: tried first and alone. */
  readonly layout: BlockLayout | undefined;
  /** Where the stream begins in its container, in bytes, for mapped-ram offsets; undefined: find out. */
  readonly mappedBase: number | undefined;
  /** False: mapped-ram areas are stepped over. */
  readonly bodies: boolean;
}
