// What the vmdescription of a stream says of its sections, with the reason where it says nothing.

import { MigrationStreamError } from '../../base/errors.js';
import { DeviceEntries, parseSchema, type DescriptionSchema, type DeviceSchema } from '../../vmstate/index.js';
import type { SectionHeader } from '../../wire/section.js';

/** The schema that a vmdescription gives, or what is wrong with it. */
export function readSchema(json: Uint8Array): DescriptionSchema | string {
  try {
    return parseSchema(json);
  } catch (error) {
    if (error instanceof MigrationStreamError && error.code === 'bad-vmdescription') return error.message;
    throw error;
  }
}

export class OwnLayouts {
  private readonly entries: DeviceEntries | string;

  /** A text is why nothing is described. */
  constructor(schema: DescriptionSchema | string) {
    this.entries = typeof schema === 'string' ? schema : new DeviceEntries(schema);
  }

  /** The entry of the next section of that name, or why there is none. */
  next(section: SectionHeader): DeviceSchema | string {
    if (typeof this.entries === 'string') return this.entries;
    return this.entries.next(section) ?? 'the vmdescription does not name it';
  }
}
