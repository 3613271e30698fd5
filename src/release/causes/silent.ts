// How a load ends without a word: QEMU is ended by a signal, waits for ever, or gives up with nothing but the last
// line; and where a prediction has to stop. Rows like those of the messages, each with the function of QEMU.

import { AGAIN, CUT, damaged, type ExplanationRow, LIVE_ONLY, row, SAME_OPTIONS, TRANSPLANT } from './row.js';

interface SilentRow extends ExplanationRow {
  /** File and function of QEMU. */
  readonly source: string;
}

const rows = {
  'empty-file': {
    ...row('There is not a single byte: QEMU waits for more.', [CUT], [AGAIN]),
    source: 'migration/savevm.c:qemu_loadvm_state_header',
  },
  'huge-length': {
    ...damaged(
      'A length in the configuration section is of two gigabytes and more, and QEMU ends when it asks for so much memory.',
    ),
    source: 'migration/vmstate.c:vmstate_handle_alloc',
  },
  'huge-rom': {
    ...damaged('Block {block}, a ROM, is of four gigabytes and more (0x{received}): QEMU ends itself.'),
    source: 'hw/nvram/fw_cfg.c:fw_cfg_modify_bytes_read',
  },
  'acpi-too-large': {
    ...row(
      'The ACPI tables in {block} are of 0x{received} bytes, and can have 0x{maximum} at most here: QEMU ends itself.',
      ['another machine type, or more devices'],
      [SAME_OPTIONS],
    ),
    source: 'hw/nvram/fw_cfg.c:fw_cfg_acpi_mr_restore_post_load',
  },
  'zero-page-size': {
    ...damaged('A mapped-ram header with pages of 0 bytes: QEMU divides by it.'),
    source: 'migration/ram.c:parse_ramblock_mapped_ram',
  },
  'ram-version': {
    ...damaged('The ram section is of version {version}; there is only 4.'),
    source: 'migration/ram.c:ram_load',
  },
  'bitmap-version': {
    ...damaged('The section of dirty bitmaps is of version {version}; there is only 1.'),
    source: 'migration/block-dirty-bitmap.c:dirty_bitmap_load',
  },
  'bitmap-cut': {
    ...row('The stream ends inside a dirty bitmap.', [CUT], [AGAIN]),
    source: 'migration/block-dirty-bitmap.c:dirty_bitmap_load',
  },
  'bitmap-bad-granularity': {
    ...damaged('The granularity of a dirty bitmap ({granularity}) is no power of two: QEMU ends itself.'),
    source: 'block/dirty-bitmap.c:bdrv_create_dirty_bitmap',
  },
  'post-load-refused': {
    ...row('{vmsd} was read, and does not fit the destination.', ['options of the device differ'], [SAME_OPTIONS]),
    source: 'migration/vmstate.c:vmstate_load_state',
  },
  'arm-registers': {
    ...row(
      'The CPU registers of the stream are not those of this QEMU: {what}.',
      ['another release of QEMU, or another -cpu: Arm CPUs get and lose registers from release to release'],
      [TRANSPLANT, 'the release and the -cpu of the source'],
    ),
    source: 'target/arm/machine.c:cpu_post_load, target/arm/helper.c:write_list_to_cpustate',
  },
  'arm-wfxt-timer': {
    ...row(
      'The stream has the timer of the instructions WFIT and WFET, which this CPU lacks: QEMU ends itself.',
      ['the source is QEMU 11.1 or later, which saves the timer for every CPU'],
      [{ code: 'drop-subsection', subsection: 'cpu/wfxt-timer' }],
    ),
    source: 'target/arm/machine.c:vmstate_wfxt_timer',
  },
  'virtio-refused': {
    ...row(
      "The state of a virtio device does not fit the destination's device.",
      ['vectors= or the number of queues differs'],
      ['the same vectors= and queues on both sides'],
    ),
    source: 'hw/virtio/virtio.c:virtio_load',
  },
  'virtio-no-queue': {
    ...damaged('A network card has no queue in the stream: QEMU ends when it takes its own away.'),
    source: 'hw/net/virtio-net.c:virtio_net_change_num_queues',
  },
  'never-ends': {
    ...row(
      'The stream brings the destination into a state that only a live source ends (postcopy, COLO): it waits for ever.',
      ['the stream was recorded from a migration between two QEMUs'],
      [LIVE_ONLY, { code: 'drop-live-commands' }],
    ),
    source: 'migration/migration.c:process_incoming_migration_co',
  },
  'postcopy-part': {
    ...row(
      'The rest of the stream is read by another thread, as pages are asked for.',
      ['the stream went over to postcopy'],
      [LIVE_ONLY],
    ),
    source: 'migration/postcopy-ram.c:postcopy_ram_listen_thread',
  },
  'machine-removed': {
    ...row(
      'QEMU {release} has no machine type {machine}: the last release with it is {last}.',
      ['QEMU removes a machine type some years after its release'],
      [TRANSPLANT, 'load it with QEMU {last} or older'],
    ),
    source: 'include/hw/boards.h:MACHINE_VER_DELETION',
  },
  'machine-not-yet': {
    ...row(
      'QEMU {release} has no machine type {machine}: it came with QEMU {first}.',
      ['the source is a newer QEMU'],
      ['load it with QEMU {first} or later', TRANSPLANT],
    ),
    source: 'hw/core/machine.c, system/vl.c:select_machine',
  },
  'machine-of-distribution': {
    ...row(
      'The name {machine} is of the QEMU of a distribution: what it stands for, and which QEMU has it, no table says.',
      [],
      [{ code: 'ask-qemu' }],
    ),
    source: 'the patches of a distribution',
  },
  'layout-unknown': {
    ...row(
      'How the destination lays out {what} is not known here.',
      ['it is in no save of its own'],
      [{ code: 'try-load' }],
    ),
    source: 'migration/vmstate.c:vmstate_load_state',
  },
} satisfies Readonly<Record<string, SilentRow>>;

/** The name of an ending without words: closed, as those of the messages are. */
export type SilentId = keyof typeof rows;

export const silentRows: Readonly<Record<SilentId, SilentRow>> = rows;
