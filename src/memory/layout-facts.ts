// What a guest-physical layout is inferred from.

import type { DeviceState } from '../vmstate/index.js';
import type { RamBlockEntry } from '../wire/ram-block.js';

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

export interface LayoutFacts {
  /** As the stream's configuration names it; undefined without a configuration. */
  readonly machine: string | undefined;
  /** The block list. */
  readonly blocks: readonly RamBlockEntry[];
  /** The decoded devices, in stream order. */
  readonly devices: readonly DeviceState[];
}
