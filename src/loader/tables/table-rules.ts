// What a rule about a table can say: the shape of a row of rules.ts.

import type { Incoming } from '../outer/incoming.js';
import type { QemuFile } from '../outer/qemu-file.js';
import type { Refusal } from '../refusal.js';
import type { TableContext } from './table-context.js';

export interface TableRules {
  /** Oldest version that is loaded, where -dump-vmstate does not have the table. */
  readonly minimumVersionId?: number;
  /** Fields that came with a later version of the table, where -dump-vmstate does not have it. */
  readonly since?: Readonly<Record<string, number>>;
  /** Elements of arrays, by fields before them. */
  readonly counts?: Readonly<Record<string, (context: TableContext, incoming: Incoming) => number | undefined>>;
  /** Arrays of `counts` whose elements the rules below look at. */
  readonly lists?: readonly string[];
  /** A field that is there or not by a value before it, and as many bytes long as that says; undefined: not there. */
  readonly conditional?: {
    readonly after: string;
    readonly field: (
      context: TableContext,
      incoming: Incoming,
    ) => { readonly name: string; readonly size: number } | undefined;
  };
  /** QEMU: VMSTATE_VALIDATE. */
  readonly validate?: {
    readonly after: readonly string[];
    readonly name: (field: string) => string;
    readonly valid: (context: TableContext, field: string) => boolean;
  };
  /** Bytes of the fields of a subsection that -dump-vmstate does not have, where it has nothing but numbers. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** Behind fields and subsections: how it refuses, undefined when all is well. @throws Ending */
  readonly postLoad?: (incoming: Incoming, file: QemuFile, context: TableContext) => Refusal | undefined;
}
