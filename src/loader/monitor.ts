// What a destination's monitor refuses before a load: capabilities that exclude or need each other, and those that the
// URI cannot carry. QEMU: migrate_caps_check(), migration/options.c, in its order; migration_transport_compatible(),
// migration/migration.c.

import { wordingOf, type MessageId, type MessageValues } from '../release/messages/index.js';
import type { Receiver } from './destination.js';

/** How the stream reaches the destination: `exec:cat FILE`, or `file:FILE`. */
export type Transport = 'exec' | 'file';

interface Answer {
  readonly id: MessageId;
  readonly values: MessageValues;
}

/** In the order of QEMU's check. */
const excludedByBackgroundSnapshot = [
  'postcopy-ram',
  'dirty-bitmaps',
  'postcopy-blocktime',
  'late-block-activate',
  'return-path',
  'multifd',
  'pause-before-switchover',
  'auto-converge',
  'release-ram',
  'rdma-pin-all',
  'compress',
  'xbzrle',
  'x-colo',
  'validate-uuid',
  'zero-copy-send',
];

/** What the monitor answers instead of beginning the load; undefined: it begins. */
export function refusedByMonitor({ capabilities, version }: Receiver, transport: Transport): Answer | undefined {
  const on = (name: string): boolean => capabilities.get(name) === true;
  const snapshot = on('background-snapshot') ? excludedByBackgroundSnapshot.find(on) : undefined;
  const checks: readonly (readonly [applies: boolean, id: MessageId, values?: MessageValues])[] = [
    [on('postcopy-ram') && on('x-ignore-shared'), 'ignore-shared-postcopy'],
    [on('postcopy-ram') && on('multifd'), 'postcopy-multifd'],
    [snapshot !== undefined, 'background-snapshot-capability', { capability: snapshot ?? '' }],
    [on('zero-copy-send') && (!on('multifd') || on('compress') || on('xbzrle')), 'zero-copy-multifd'],
    [on('postcopy-preempt') && !on('postcopy-ram'), 'preempt-postcopy'],
    [on('multifd') && on('compress'), 'multifd-compress'],
    [on('switchover-ack') && !on('return-path'), 'switchover-ack-return-path'],
    [on('dirty-limit') && on('auto-converge'), 'dirty-limit-auto-converge'],
    // A guest under KVM that has it saves without; nobody asks for it here.
    [on('dirty-limit'), 'dirty-limit-kvm'],
    [on('multifd') && on('xbzrle'), 'multifd-xbzrle'],
    [on('mapped-ram') && on('xbzrle'), 'mapped-ram-xbzrle'],
    [on('mapped-ram') && on('postcopy-ram'), 'mapped-ram-postcopy'],
    [on('x-colo') && !on('return-path'), 'colo-return-path'],
    [on('mapped-ram') && transport === 'exec', 'mapped-seekable'],
    [(on('multifd') && !on('mapped-ram')) || on('postcopy-preempt'), 'multi-channel-uri'],
  ];
  const found = checks.find(([applies, id]) => applies && wordingOf(id, version) !== undefined);
  return found && { id: found[1], values: found[2] ?? {} };
}
