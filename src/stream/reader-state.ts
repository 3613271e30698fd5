// Facts that the grammar gets before it reads, and its state while it reads. reader.ts and the files beside it share
// them.

import type { Configuration } from '../wire/configuration.js';
import type { BlockLayout, How } from '../wire/dialect.js';
import type { SectionHeader } from '../wire/section.js';
import type { StreamEvent } from './event.js';
import type { PayloadLengths, PayloadPort } from './payload.js';

/**
 * Bytes that events carry: those of devices and of mapped-ram areas, those of devices, or none. The reader steps over
 * the rest where it knows their end.
 */
export type Bodies = 'all' | 'devices' | 'none';

export interface ReaderOptions {
  readonly port: PayloadPort;
  /** From the vmdescription that ends the file. It may belong to another stream. */
  readonly lengths: PayloadLengths | undefined;
  /** Bytes; undefined when not known before reading. */
  readonly targetPageSize: { readonly value: number; readonly how: How } | undefined;
  readonly layout: BlockLayout | undefined;
  readonly footers: boolean | undefined;
  /** Bytes of the container before the stream, for mapped-ram offsets; undefined: derive it from the stream. */
  readonly mappedBase: number | undefined;
  readonly bodies: Bodies;
}

/** State of the grammar while it reads; shared with the files beside this file. */
export interface ReaderState {
  readonly options: ReaderOptions;
  configuration: Configuration | undefined;
  footers: boolean | undefined;
  adviseSummary: bigint | undefined;
  /** Undefined: not known. */
  lengths: PayloadLengths | undefined;
  /** Offset up to which the stream's own vmdescription was searched for. */
  heldTo: number;
  /** Warnings that only hold if the vmdescription that gave the lengths is this stream's. */
  readonly disagreements: StreamEvent[];
  readonly sections: Map<number, SectionHeader>;
  readonly parts: Map<number, number>;
}
