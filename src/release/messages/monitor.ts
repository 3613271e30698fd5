// What QEMU's monitor answers to capabilities that cannot be combined, or that the URI cannot carry: the load does not
// begin. QEMU: migrate_caps_check(), migration/options.c (migration/migration.c up to 8.0).

import { always, messages } from './message.js';
import { release } from '../version.js';

const CHECK = 'migration/options.c:migrate_caps_check';
const URI = 'migration/migration.c:migration_transport_compatible';

export const monitorMessages = messages({
  /** The end: commit e274188612. The beginning is inferred from the lab: 7.2, 10.0. */
  'postcopy-multifd': {
    texts: [{ since: release('8.0'), until: release('10.0'), text: 'Postcopy is not yet compatible with multifd' }],
    effect: 'fatal',
    source: CHECK,
  },
  'background-snapshot-capability': {
    texts: always('Background-snapshot is not compatible with {capability:w}', { since: release('6.0') }),
    effect: 'fatal',
    source: CHECK,
  },
  'zero-copy-multifd': {
    texts: always('Zero copy only available for non-compressed non-TLS multifd migration', { since: release('7.1') }),
    effect: 'fatal',
    source: CHECK,
  },
  'preempt-postcopy': {
    texts: always('Postcopy preempt requires postcopy-ram', { since: release('7.1') }),
    effect: 'fatal',
    source: CHECK,
  },
  'multifd-compress': {
    texts: [{ since: release('7.1'), until: release('9.0'), text: 'Multifd is not compatible with compress' }],
    effect: 'fatal',
    source: CHECK,
  },
  'switchover-ack-return-path': {
    texts: always("Capability 'switchover-ack' requires capability 'return-path'", { since: release('8.1') }),
    effect: 'fatal',
    source: CHECK,
  },
  'dirty-limit-auto-converge': {
    texts: always('dirty-limit conflicts with auto-converge either of then available currently', {
      since: release('8.1'),
    }),
    effect: 'fatal',
    source: CHECK,
  },
  'dirty-limit-kvm': {
    texts: always("dirty-limit requires KVM with accelerator property 'dirty-ring-size' set", {
      since: release('8.1'),
    }),
    effect: 'fatal',
    source: CHECK,
  },
  /** The beginning is inferred from the lab: 7.2, 10.0. */
  'multifd-xbzrle': {
    texts: always('Multifd is not compatible with xbzrle', { since: release('8.0') }),
    effect: 'fatal',
    source: CHECK,
  },
  'mapped-ram-xbzrle': {
    texts: always('Mapped-ram migration is incompatible with xbzrle', { since: release('9.0') }),
    effect: 'fatal',
    source: CHECK,
  },
  'mapped-ram-postcopy': {
    texts: always('Mapped-ram migration is incompatible with postcopy', { since: release('9.0') }),
    effect: 'fatal',
    source: CHECK,
  },
  /** The beginning is inferred from the lab: 10.0, 11.1. */
  'colo-return-path': {
    texts: always("Capability 'x-colo' requires capability 'return-path'", { since: release('11.0') }),
    effect: 'fatal',
    source: CHECK,
  },
  /** The beginning is inferred from the lab: 7.2, 10.0. */
  'multi-channel-uri': {
    texts: always('Migration requires multi-channel URIs (e.g. tcp)', { since: release('8.0') }),
    effect: 'fatal',
    source: URI,
  },
  'mapped-seekable': {
    texts: always('Migration requires seekable transport (e.g. file)', { since: release('9.0') }),
    effect: 'fatal',
    source: URI,
  },
});
