// What differs between releases while they load a stream, and what their command lines have, by name. Where a source
// names releases of the lab only, what lies between them is inferred.

import { facts, provenRange } from './fact.js';
import { inRange, type QemuVersion } from './version.js';

const RAM = 'migration/ram.c';
const SAVEVM = 'migration/savevm.c';
const VIRTIO = 'hw/virtio/virtio.c';

export const behaviours = facts({
  /** Errors of savevm.c and vmstate.c are one chain on one line. */
  'chained-errors': { since: '10.2', source: `${SAVEVM}, migration/vmstate.c` },
  /** A byte behind the address of a block says whether the block was ignored. */
  'ignored-byte': { since: '4.0', until: '4.0', source: `${RAM}:ram_load_precopy; commit b17fbbe55c` },
  /** An entry of the block list is read to its end after the first error. */
  'entry-goes-on': { until: '8.1', source: `${RAM}:ram_load_precopy, parse_ramblocks` },
  /** The address of a block is compared before its length. */
  'address-first': { since: '11.0', source: `${RAM}:parse_ramblock; lab: 10.0, 11.1` },
  /** The block list has page sizes after any ADVISE, capability or not. */
  'page-sizes-by-advise': { until: '5.2', source: `${RAM}:ram_load_precopy` },
  /** The stream's end is looked for after the address of each page record. */
  'address-checked': { since: '9.0', source: `${RAM}:ram_load_precopy` },
  /** A ZERO record must be of zeros. */
  'zero-fill-refused': { since: '8.2', source: `${RAM}:ram_load_precopy` },
  /** RDMA's record: any word that contains its flag fails without words. */
  'hook-fails': { until: '8.0', source: `${RAM}:ram_load_precopy` },
  /** globalstate keeps 32 bytes of the run state instead of 100. */
  'short-run-state': { since: '9.0', source: 'migration/global_state.c' },
  /** ENABLE_COLO needs the capability x-colo. */
  'colo-needs-capability': { since: '8.1', source: `${SAVEVM}:loadvm_process_enable_colo` },
  /** POSTCOPY_RUN without a return path aborts. */
  'early-run-aborts': { until: '4.1', source: `${SAVEVM}:postcopy_pause_incoming` },
  /** A length of 2 GiB and more ends the process. */
  'huge-length-aborts': { until: '10.2', source: 'migration/vmstate.c:vmstate_handle_alloc; lab: 10.0, 11.1' },
  /** A load that ends between RAM_DISCARD and LISTEN never returns. */
  'discard-hangs': { until: '10.2', source: `${SAVEVM}; lab: 10.0, 11.1` },
  /** An instance id is printed without a sign. */
  'unsigned-instance': { since: '5.0', source: `${SAVEVM}:qemu_loadvm_section_start_full` },
  /** fw_cfg asserts that the size of a ROM has 32 bits. */
  'rom-size-asserted': { since: '5.0', source: 'hw/nvram/fw_cfg.c:fw_cfg_modify_bytes_read' },
  /** /rom@etc/table-loader can have 64 KiB instead of 4. */
  'large-table-loader': { since: '6.0', source: 'hw/i386/acpi-build.c:ACPI_BUILD_LOADER_MAX_SIZE; lab: 5.2, 7.2' },
  /** mapped-ram compares page sizes and knows blocks that have nothing in the file. */
  'mapped-ram-checked': { since: '11.0', source: `${RAM}:parse_ramblock_mapped_ram; lab: 10.0, 11.1` },
  /** The stream's end inside a virtio configuration is noticed there. */
  'virtio-end-noticed': { since: '6.0', source: `${VIRTIO}:virtio_load; lab: 5.2, 7.2` },
  /** A ring that is longer than the destination's queue is refused ("vring.num"): the text is in 11.1, not in 10.0. */
  'ring-length-checked': { since: '11.1', source: `${VIRTIO}:virtio_load; lab: 10.0, 11.1; release notes of 11.1` },
  /** All 128 feature bits are compared; a message shows no more than those that the destination offers. */
  'all-feature-bits': { since: '10.2', source: `${VIRTIO}:virtio_set_features_nocheck` },
  /** A virtio-net card changes its queues to what the stream has. */
  'queues-follow-stream': { since: '7.2', source: 'hw/net/virtio-net.c:virtio_net_pre_load_queues; lab: 7.2, 10.0' },
  /** A count of elements has no sign. */
  'unsigned-counts': { since: '10.2', source: 'migration/vmstate.c:vmstate_n_elems; lab: 10.0, 11.1' },
  /** The length of virtio-net's hash table is checked. */
  'hash-table-checked': { since: '10.0', source: 'hw/net/virtio-net.c:virtio_net_rss_post_load' },
  /** virtio-net's hash state is of version 2, with the types that the card supports. */
  'hash-types-supported': { since: '10.1', source: 'hw/net/virtio-net.c:vmstate_virtio_net_rss' },
  /** Whether a PCIe slot has a card is not compared. */
  'slot-presence-ignored': { since: '8.1', source: 'hw/pci/pcie.c:pcie_cap_slot_init; lab: 7.2, 10.0' },
  /** An x86 CPU in guest mode needs the subsection cpu/nested_state. */
  'guest-mode-needs-nested-state': { since: '4.1', source: 'target/i386/machine.c:cpu_post_load' },
  /** An Arm CPU names the registers that it does not know, and takes some other values. */
  'names-arm-registers': { since: '11.1', source: 'target/arm/machine.c:cpu_post_load; lab: 10.0, 11.1' },
  /** An Arm CPU without WFIT and WFET has no timer for them, and cannot take that of a stream. */
  'wfxt-timer-optional': {
    since: '10.0',
    until: '11.0',
    source: 'target/arm/machine.c:vmstate_wfxt_timer; lab: 10.0, 11.1',
  },
  /** The migration URI `file:` exists. */
  'file-uri': { since: '8.2', source: 'migration/migration.c:migrate_uri_parse' },
  /** -machine has memory-backend=. */
  'machine-memory-backend': { since: '5.0', source: 'hw/core/machine.c' },
  /** The block driver null-co has read-zeroes=. */
  'null-co-read-zeroes': { since: '4.1', source: 'block/null.c' },
  /** Shared memory without a name (memfd) is not left out by x-ignore-shared. */
  'only-named-memory-ignored': { since: '8.1', source: `${RAM}:migrate_ram_is_ignored` },
});

export type BehaviourName = keyof typeof behaviours;

const names = Object.keys(behaviours) as readonly BehaviourName[];
const ranges = new Map(names.map((name) => [name, provenRange(behaviours[name])]));

/** Does a QEMU of that release behave so? What lies between two releases that were run is inferred. */
export function behaves(version: QemuVersion, name: BehaviourName): boolean {
  return inRange(version, ranges.get(name)!);
}
