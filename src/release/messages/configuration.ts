// Messages about the configuration section: machine, page bits, capabilities, uuid. QEMU: configuration_post_load() and
// its neighbours, migration/savevm.c.

import { always, chained, chainedByType, messages } from './message.js';
import { release } from '../version.js';

export const configurationMessages = messages({
  'configuration-missing': {
    texts: chained('Configuration section missing', 'Configuration section missing, {type:x} != {expected:x}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:qemu_loadvm_state_header',
  },
  'machine-type': {
    texts: chained("Machine type received is '{received}' and local is '{local}'"),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:configuration_post_load',
  },
  'target-page-bits': {
    texts: chained('Received TARGET_PAGE_BITS is {received:d} but local is {local:d}'),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:configuration_post_load',
  },
  'capability-mismatch': {
    texts: [
      {
        since: release('4.0'),
        text: 'Capability {capability:w} is {local:w}, but received capability is {received:w}',
      },
    ],
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:configuration_validate_capabilities',
  },
  'capabilities-invalid': {
    texts: [{ since: release('10.2'), text: 'Failed to validate capabilities', as: 'link' }],
    effect: 'context',
    source: 'migration/savevm.c:configuration_post_load',
  },
  'unknown-capability': {
    texts: chainedByType('Received unknown capability {capability}', { since: release('4.0') }),
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:get_capability',
  },
  'uuid-mismatch': {
    texts: [{ since: release('4.2'), text: 'UUID received is {received:w} and local is {local:w}' }],
    effect: 'fatal',
    errno: 'EINVAL',
    source: 'migration/savevm.c:vmstate_uuid_post_load',
  },
  'uuid-not-set': {
    texts: [{ since: release('4.2'), text: "warning: UUID is received {received:w}, but local uuid isn't set" }],
    effect: 'non-fatal',
    source: 'migration/savevm.c:vmstate_uuid_post_load',
  },
  'no-multifd-here': {
    texts: [{ since: release('6.2'), until: release('8.2'), text: 'multifd is not supported by current protocol' }],
    effect: 'non-fatal',
    source: 'migration/multifd.c:multifd_load_setup',
  },
  'ignore-shared-postcopy': {
    texts: always('Postcopy is not compatible with ignore-shared'),
    effect: 'fatal',
    source: 'migration/options.c:migrate_caps_check',
  },
});
