// Devices: what QEMU's devices write where the description says nothing, and what their values mean. One folder a
// thing.

import { decodeWith, type DeviceSchema, type DeviceState } from '../vmstate/index.js';
import { deviceRules } from './rules.js';

export { coverageOf, type Coverage } from './coverage.js';
export { meaningOf } from './meaning.js';
export type { Meaning } from './rule.js';
export { macText } from './values.js';
export { featureName, featureNames } from './virtio/features.js';

/**
 * The tree of one device's payload. Damage throws nothing: opaque leaves hold what cannot be understood. `base` is the
 * offset of `bytes[0]` in the outermost input. The bytes are kept, not copied.
 */
export function decodeDevice(device: DeviceSchema, bytes: Uint8Array, base = 0): DeviceState {
  return decodeWith(deviceRules, device, bytes, base);
}
