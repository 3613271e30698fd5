// The question a grammar without lengths must ask: who reads this section's payload, and where does it end? The grammar
// knows only these ports; open/open-stream.ts fills them in.

import type { Cursor } from '../bytes/cursor.js';
import type { RamEvent } from '../ram/event.js';
import type { RamContext } from '../ram/context.js';
import type { SectionHeader, SectionKind } from '../wire/section.js';

/** Reads the payloads of "ram" sections, in order. */
export interface RamPayload {
  read(cursor: Cursor, context: RamContext): AsyncGenerator<RamEvent>;
}

/**
 * Walks a payload that delimits itself, moving the cursor from its first byte to the one after its last; yields after
 * each step that it is sure of. Throws MigrationStreamError when the bytes are none of this format.
 */
export type PayloadWalker = (cursor: Cursor, section: SectionHeader, type: SectionKind) => AsyncGenerator<void>;

export interface PayloadPort {
  readonly ram: RamPayload;
  /** By idstr; a path in front (`0000:00:02.0/vfio`) is cut off when nothing has the whole name. */
  readonly walkers: ReadonlyMap<string, PayloadWalker>;
  /** Reads a vmdescription; undefined when the bytes are none. */
  lengths(json: Uint8Array): PayloadLengths | undefined;
}

/** Payload lengths that a vmdescription gives, for the n-th FULL section of one idstr and instance. */
export interface PayloadLengths {
  next(section: SectionHeader): number | undefined;
}
