// What differs between two saved states, as a value. `a` is the state that was named first.

import type { MigrationStreamError } from '../../base/errors.js';
import type { FieldJson } from '../devices/field-json.js';

/** Something that both sides state: machine type, a capability, the layout. Undefined: the side does not have it. */
export interface StatementDifference {
  readonly what: string;
  readonly a: string | undefined;
  readonly b: string | undefined;
}

export interface FieldDifference {
  /** Inside the device. */
  readonly path: string;
  /** Undefined: the side has no such field. */
  readonly a: FieldJson | undefined;
  readonly b: FieldJson | undefined;
  /** Why the field differs between any two saves of one guest: a clock, a timer, a counter. */
  readonly noise: string | undefined;
}

export interface DeviceDifference {
  /** `DEVICE[/INSTANCE]`. */
  readonly device: string;
  /** Only this side has the section. */
  readonly only: 'a' | 'b' | undefined;
  /** Bytes of the payloads. */
  readonly size: { readonly a: number | undefined; readonly b: number | undefined };
  /** versionId of the sections, where they differ. */
  readonly version: StatementDifference | undefined;
  readonly fields: readonly FieldDifference[];
  /** Differences beyond MAX_DIFFERENCES, which are counted only. */
  readonly more: number;
  /** Why the payloads were compared as bytes, or not at all. */
  readonly note: string | undefined;
}

/** Pages of the block, from `first` on. */
export interface PageRange {
  readonly first: number;
  readonly count: number;
}

export interface BlockDifference {
  /** idstr. */
  readonly block: string;
  readonly only: 'a' | 'b' | undefined;
  /** Bytes. */
  readonly length: { readonly a: number | undefined; readonly b: number | undefined };
  /** Target page size in bytes. */
  readonly pageSize: number;
  /** Pages that were compared, and those of them that differ. */
  readonly pages: number;
  readonly different: number;
  /** The pages that differ, ascending, at most MAX_DIFFERENCES ranges. */
  readonly ranges: readonly PageRange[];
  /** Ranges beyond. */
  readonly moreRanges: number;
  /** Bytes that differ; undefined where nobody asked. */
  readonly bytes: number | undefined;
  /** Why its pages were not compared. */
  readonly note: string | undefined;
}

export interface DiffSide {
  readonly label: string;
  /** What ended the reading too early. */
  readonly error: MigrationStreamError | undefined;
}

export interface Diff {
  readonly a: DiffSide;
  readonly b: DiffSide;
  /** How the same content is written: layout, footers, capabilities of the stream. No difference of the VM. */
  readonly form: readonly StatementDifference[];
  readonly configuration: readonly StatementDifference[];
  /** Devices that differ, in the order of `a`, then those that only `b` has. */
  readonly devices: readonly DeviceDifference[];
  /** Devices that both have. */
  readonly devicesCompared: number;
  /** RAM blocks that differ or could not be compared. Undefined: memory was not compared. */
  readonly blocks: readonly BlockDifference[] | undefined;
  readonly pagesCompared: number;
  readonly pagesDifferent: number;
}

/** Differences of the VM, noise apart. */
export function countDifferences(diff: Diff): { readonly real: number; readonly noise: number } {
  let real = diff.configuration.length;
  let noise = 0;
  for (const { fields, more, only, version } of diff.devices) {
    if (only !== undefined || version !== undefined) real += 1;
    real += more;
    for (const field of fields) {
      if (field.noise === undefined) real += 1;
      else noise += 1;
    }
  }
  for (const { only, length, different } of diff.blocks ?? [])
    real += different + (only !== undefined || length.a !== length.b ? 1 : 0);
  return { real, noise };
}
