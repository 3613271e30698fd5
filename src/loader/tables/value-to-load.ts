// One field that is to be read from the stream, with what is known of it.

import type { DumpField, FieldSchema } from '../../vmstate/index.js';
import type { TableContext } from './table-context.js';

export interface ValueToLoad {
  readonly context: TableContext;
  readonly field: FieldSchema;
  readonly known: DumpField | undefined;
  /** Its bytes in the destination's own save. */
  readonly localBytes: Uint8Array | undefined;
  readonly name: string;
}
