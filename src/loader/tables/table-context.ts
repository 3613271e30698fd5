// A table while it is loaded: what the destination has of it, and what came so far.

import type { DumpTable, VmsdSchema } from '../../vmstate/index.js';

/** A table as the destination has it. */
export interface LocalTable {
  readonly schema: VmsdSchema;
  /** What -dump-vmstate says of it. */
  readonly known: DumpTable | undefined;
  /** The bytes of it in the destination's own save. */
  readonly localBytes: Uint8Array | undefined;
}

/** What was read of a table, for the rules about it. */
export interface TableContext {
  readonly table: LocalTable;
  /** idstr of the device. */
  readonly device: string;
  readonly versionId: number;
  /** Plain numbers loaded so far, by field; the last one of a name. */
  readonly values: Map<string, number | bigint>;
  /** The destination's own, where its save shows them. */
  readonly localValues: Map<string, number | bigint>;
  /** Whole buffers of fields. */
  readonly bytes: Map<string, Uint8Array>;
  /** Arrays that a rule looks at, by field. */
  readonly lists: Map<string, ArrayValues>;
  /** The tables that it nests and the subsections that came, by name. */
  readonly parts: Map<string, TableContext>;
}

/** The elements of an array: those of the stream, and those of the destination's own save. */
export interface ArrayValues {
  readonly sent: bigint[];
  readonly ours: bigint[];
}
