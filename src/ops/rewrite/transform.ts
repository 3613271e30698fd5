// The frame of an edit: a transform of the event stream, identity by default. It yields the very object it was given
// for whatever it leaves alone, and those bytes are copied, never encoded again.

import type { Hint } from '../../base/hint.js';
import { Refused } from '../../base/refused.js';
import type { Difference, Edit } from './edit.js';
import type { ByteSource } from '../../bytes/source.js';
import type { LastVersions } from '../../ram/last-versions.js';
import type { Inflate } from '../../ram/page-decoder.js';
import type { Layouts } from '../devices/stream-device.js';
import type { Inspection } from '../inspect.js';
import type { StreamEvent } from '../../stream/event.js';
import type { DeviceSchema } from '../../vmstate/index.js';
import type { Configuration } from '../../wire/configuration.js';
import type { SectionHeader } from '../../wire/section.js';

export type Transform = (events: AsyncIterable<StreamEvent>) => AsyncIterable<StreamEvent>;

/** What the first pass hands over. */
export interface CompactInput {
  readonly versions: LastVersions;
  readonly source: ByteSource;
}

/** What transforms know and where they report. */
export interface Plan {
  readonly edits: readonly Edit[];
  /** Do it although no QEMU would load the result. */
  readonly force: boolean;
  /** What a first pass found; undefined when no edit asked for one. */
  readonly evidence: Inspection | undefined;
  /** Has the stream a vmdescription? Undefined: a pipe, nobody knows yet. */
  readonly described: boolean | undefined;
  /** Layouts of devices that it does not describe. */
  readonly layouts: Layouts | undefined;
  /** For pages of the old `compress` capability. */
  readonly inflate: Inflate;
  /** From the first pass, for compaction. */
  readonly compact: CompactInput | undefined;
  /** The input as read so far. */
  readonly source: { configuration: Configuration | undefined; readonly sections: SectionHeader[] };
  /** Devices whose payload was edited, as the vmdescription must now describe them. */
  readonly devices: DeviceSchema[];
  /** Reports one change. */
  note(difference: Difference): void;
  /** Something was edited: the edit has matched. */
  matched(edit: Edit): void;
}

/** Throws unless forced: the result would be of no use to any QEMU. */
export function refuse(plan: Plan, message: string, hint?: Hint): void {
  if (!plan.force) throw new Refused('refused', message, hint ?? { code: 'force' });
}

/** The edits of one or more kinds, typed. */
export function editsOf<N extends Edit['edit']>(
  { edits }: Pick<Plan, 'edits'>,
  ...names: N[]
): Extract<Edit, { edit: N }>[] {
  return edits.filter((edit): edit is Extract<Edit, { edit: N }> => (names as string[]).includes(edit.edit));
}

/** A transform out of a function that answers what stands in place of one event. */
export function mapEvents(map: (event: StreamEvent) => StreamEvent | readonly StreamEvent[] | undefined): Transform {
  return async function* mapped(events) {
    for await (const event of events) {
      const result = map(event);
      if (result === undefined) continue;
      if (Array.isArray(result)) yield* result as readonly StreamEvent[];
      else yield result as StreamEvent;
    }
  };
}
