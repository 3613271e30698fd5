// What a stream can hold, by the releases that write it (`writers`) and that read it (`readers`). Names are those of
// this project's events. Sources: docs/format.md, "Fingerprints" and "Compatibility".

import { facts } from './fact.js';

const RAM = 'migration/ram.c';
const SAVEVM = 'migration/savevm.c';
const RUN = 'run: fixtures of 4.0, 4.1, 5.2, 7.2, 10.0, 11.1';

/** Layouts of the block list (wire/dialect.ts), by who writes them. */
export const layoutWriters = facts({
  plain: { source: RAM },
  postcopy: { since: '2.9', source: `${RAM}:ram_save_setup` },
  'ignore-shared-4.0': { since: '4.0', until: '4.0', source: `${RAM}:ram_save_setup; commit b17fbbe55c` },
  'ignore-shared-4.1': { since: '4.1', source: `${RAM}:ram_save_setup; commit b17fbbe55c` },
  'mapped-ram': { since: '9.0', source: `${RAM}:mapped_ram_setup_ramblock` },
  'ignore-shared-mapped-ram': { since: '9.0', source: `${RAM}:mapped_ram_setup_ramblock` },
});

/** Layouts of the block list, by who reads them. */
export const layoutReaders = facts({
  ...layoutWriters,
  // "migration: fix parsing snapshots with x-ignore-shared flag", merged behind 10.2.0. Run: 10.0 refuses, 11.1 loads.
  'ignore-shared-mapped-ram': { since: '11.0', source: `${RAM}:parse_ramblock; lab: 10.0, 11.1` },
});

/** Commands by QEMU's name without MIG_CMD_. QEMU: mig_cmd_args, migration/savevm.c. */
export const commands = facts({
  OPEN_RETURN_PATH: { since: '2.5', source: SAVEVM },
  PING: { since: '2.5', source: SAVEVM },
  POSTCOPY_ADVISE: { since: '2.5', source: SAVEVM },
  POSTCOPY_LISTEN: { since: '2.5', source: SAVEVM },
  POSTCOPY_RUN: { since: '2.5', source: SAVEVM },
  POSTCOPY_RAM_DISCARD: { since: '2.5', source: SAVEVM },
  PACKAGED: { since: '2.5', source: SAVEVM },
  ENABLE_COLO: { since: '3.1', until: '10.2', source: `${SAVEVM}; run: 10.0, 11.1` },
  POSTCOPY_RESUME: { since: '3.1', source: SAVEVM },
  RECV_BITMAP: { since: '3.1', source: SAVEVM },
  SWITCHOVER_START: { since: '10.0', source: SAVEVM },
});

/** Records and sections, by who reads them. */
export const records = facts({
  configuration: { since: '2.4', source: `${SAVEVM}:vmstate_configuration` },
  'target-page-bits': { since: '2.8', source: `${SAVEVM}:vmstate_target_page_bits` },
  capabilities: { since: '4.0', source: `${SAVEVM}:vmstate_capabilites` },
  uuid: { since: '4.2', source: `${SAVEVM}:vmstate_uuid` },
  footer: { since: '2.4', source: `${SAVEVM}:save_section_footer` },
  'multifd-flush': { since: '8.1', source: `${RAM}:RAM_SAVE_FLAG_MULTIFD_FLUSH` },
  'compressed-page': { since: '2.4', until: '9.0', source: `${RAM}:RAM_SAVE_FLAG_COMPRESS_PAGE` },
  'zero-fill': { until: '8.1', source: `${RAM}:ram_load_precopy` },
  'dirty-bitmap': { since: '2.12', source: 'migration/block-dirty-bitmap.c' },
  block: { until: '9.0', source: 'migration/block.c' },
  vmdescription: { since: '2.3', source: `${SAVEVM}:qemu_savevm_state_complete_precopy` },
  PCIHost: { since: '5.1', source: 'hw/pci/pci_host.c:vmstate_pcihost; hw_compat_5_0' },
});

export type RecordName = keyof typeof records;

/** What the vmdescription and a device's state say of their writer. */
export const descriptionWriters = facts({
  'spaced-colons': { until: '5.2', source: `${SAVEVM}; ${RUN}` },
  'close-colons': { since: '6.0', source: `migration/qjson; ${RUN}` },
  'configuration-first': { since: '8.2', source: `${SAVEVM}:qemu_savevm_state_header` },
  'page-size-first': { until: '8.1', source: `${SAVEVM}; ${RUN}` },
  'vm-was-suspended': { since: '9.0', source: 'migration/global_state.c' },
  nullptr: { since: '10.0', until: '10.2', source: `migration/vmstate.c; ${RUN}` },
  'ptr-marker': { since: '11.0', source: `migration/vmstate.c; ${RUN}` },
  'array-index': { until: '10.2', source: `migration/vmstate.c; ${RUN}` },
});
