// A grammar without lengths must ask who reads the payload of a section, and where the payload ends. The grammar knows
// only these ports; open/open-stream.ts fills them in.

import type { Cursor } from '../bytes/cursor.js';
import type { RamEvent } from '../ram/event.js';
import type { RamContext } from '../ram/context.js';
import type { SectionHeader, SectionKind } from '../wire/section.js';

/** Reads the payloads of "ram" sections, in order. */
export interface RamPayload {
  read(cursor: Cursor, context: RamContext): AsyncGenerator<RamEvent>;
}

/**
 * Walks a payload that delimits itself, and moves the cursor from its first byte to the byte after its last. Yields
 * after each confirmed step. Throws MigrationStreamError when the bytes are not of this format.
 */
export type PayloadWalker = (cursor: Cursor, section: SectionHeader, type: SectionKind) => AsyncGenerator<void>;

export interface PayloadPort {
  readonly ram: RamPayload;
  /** Keys are idstrs. When no key is the whole idstr, a path in front (`0000:00:02.0/vfio`) is cut off. */
  readonly walkers: ReadonlyMap<string, PayloadWalker>;
  /** Reads a vmdescription; undefined when the bytes are not a vmdescription. */
  lengths(json: Uint8Array): PayloadLengths | undefined;
}

/** Payload lengths from a vmdescription, for the n-th FULL section of an idstr and instance. */
export interface PayloadLengths {
  next(section: SectionHeader): number | undefined;
}
