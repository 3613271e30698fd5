// Messages about the file header and the end of a load. Facts: docs/format.md "The file header".

import { always, chained, messages } from './message.js';
import { release } from '../version.js';

export const headerMessages = messages({
  'not-a-migration-stream': {
    texts: chained('Not a migration stream', 'Not a migration stream, magic: {magic:x} != {expected:x}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:qemu_loadvm_state',
  },
  'version-2': {
    texts: chained(
      "SaveVM v2 format is obsolete and don't work anymore",
      'SaveVM v2 format is obsolete and no longer supported',
    ),
    effect: 'fatal',
    errno: 'ENOTSUP',
    source: 'migration/savevm.c:qemu_loadvm_state',
  },
  'unsupported-version': {
    texts: chained(
      'Unsupported migration stream version',
      'Unsupported migration stream version, file version {version:x} != {expected:x}',
    ),
    effect: 'fatal',
    errno: 'ENOTSUP',
    source: 'migration/savevm.c:qemu_loadvm_state',
  },
  'expected-vmdescription': {
    texts: always('Expected vmdescription section, but got {type:d}'),
    effect: 'non-fatal',
    source: 'migration/savevm.c:qemu_loadvm_state',
  },
  'load-failed': {
    texts: always('load of migration failed: {error}'),
    effect: 'context',
    source: 'migration/migration.c:process_incoming_migration_co',
  },
  'savevm-load-failed': {
    texts: [{ until: release('10.1'), text: 'Error {error:d} while loading VM state' }],
    effect: 'context',
    source: 'migration/savevm.c:load_snapshot',
  },
  /** Proxmox's own loader of a state volume. */
  'pve-load-failed': {
    texts: always('Error while loading VM state: {error}'),
    effect: 'context',
    distribution: 'Proxmox VE',
    source: 'migration/savevm-async.c:load_snapshot_from_blockdev (Proxmox VE)',
  },
  'loadvm-stream-error': {
    texts: [{ since: release('10.2'), text: 'Error while loading vmstate: stream error: {errno:d}', as: 'link' }],
    effect: 'fatal',
    errno: 'EIO',
    source: 'migration/savevm.c:qemu_loadvm_state',
  },
});
