// QEMU's migration capabilities. QEMU: MigrationCapability, qapi/migration.json. The end-to-end test asks the lab's
// QEMUs for their lists (query-migrate-capabilities).

import { facts, hasFact, type Fact } from './fact.js';
import type { QemuVersion } from './version.js';

const QAPI = 'qapi/migration.json:MigrationCapability';
const old: Fact = { source: QAPI };

export const capabilities = facts({
  xbzrle: old,
  'rdma-pin-all': old,
  'auto-converge': old,
  'zero-blocks': { until: '10.2', source: QAPI },
  compress: { until: '9.0', source: QAPI },
  events: old,
  'postcopy-ram': old,
  'x-colo': old,
  'release-ram': old,
  block: { until: '9.0', source: QAPI },
  'return-path': old,
  'pause-before-switchover': old,
  multifd: old,
  'dirty-bitmaps': old,
  'postcopy-blocktime': old,
  'late-block-activate': old,
  'x-ignore-shared': { since: '4.0', source: QAPI },
  'validate-uuid': { since: '4.2', source: QAPI },
  'background-snapshot': { since: '6.0', source: QAPI },
  'zero-copy-send': { since: '7.1', source: QAPI },
  'postcopy-preempt': { since: '7.1', source: QAPI },
  'switchover-ack': { since: '8.1', source: QAPI },
  'dirty-limit': { since: '8.1', source: QAPI },
  'mapped-ram': { since: '9.0', source: QAPI },
});

export type CapabilityName = keyof typeof capabilities;

/** Does any release know a capability of that name? */
export function isCapability(name: string): name is CapabilityName {
  return Object.hasOwn(capabilities, name);
}

/** Of that release, in QEMU's order. */
export function capabilitiesOfRelease(version: QemuVersion): readonly CapabilityName[] {
  const names = Object.keys(capabilities) as readonly CapabilityName[];
  return names.filter((name) => hasFact(capabilities[name], version) === true);
}

/** What QEMU writes into the stream's list, and compares. QEMU: should_validate_capability(), migration/savevm.c. */
export const validatedCapabilities: readonly CapabilityName[] = ['x-ignore-shared', 'mapped-ram'];

/** Those that a destination of that release compares. */
export function validatedBy(version: QemuVersion): readonly CapabilityName[] {
  return validatedCapabilities.filter((name) => hasFact(capabilities[name], version) === true);
}
