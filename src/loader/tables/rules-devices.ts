// Devices that check more than types, or whose arrays are as long as a field before them says. Sources beside each row,
// read in 5.2, 7.2 and 10.0.

import type { Errno } from '../../release/messages/index.js';
import { runStates } from '../../release/run-states.js';
import type { Incoming } from '../outer/incoming.js';
import type { TableContext } from './table-context.js';
import type { QemuFile } from '../outer/qemu-file.js';
import type { Refusal } from '../refusal.js';
import type { TableRules } from './table-rules.js';

function value(context: TableContext | undefined, field: string): number {
  return Number(context?.values.get(field) ?? 0);
}

/** Without a word. */
function refused(incoming: Incoming, file: QemuFile, { table }: TableContext, errno: Errno): Refusal {
  return incoming.silent(file, errno, 'post-load-refused', { vmsd: table.schema.name });
}

const TRANSMITTER_EMPTY = 0x40;
const TRANSFER_ENDS = 8;

export const deviceRules: Readonly<Record<string, TableRules>> = {
  // softmmu/cpu-timers.c.
  timer: { since: { cpu_clock_offset: 2 } },
  // migration/global_state.c:global_state_post_load(); qapi/util.c:qapi_enum_parse().
  globalstate: { postLoad: globalState },
  // hw/char/serial.c:serial_post_load().
  serial: {
    postLoad(incoming, file, context) {
      // The ISA device's table has the same name, and no registers.
      if (!context.values.has('lsr')) return undefined;
      const retries = value(context.parts.get('serial/tsr'), 'tsr_retry') | 0;
      const empty = (value(context, 'lsr') & TRANSMITTER_EMPTY) !== 0;
      if (retries > 0 && empty) return incoming.refuse(file, 'serial-empty', { retries });
      return retries <= 0 && !empty ? incoming.refuse(file, 'serial-not-empty') : undefined;
    },
  },
  // hw/ide/core.c: vmstate_ide_drive, vmstate_ide_drive_pio_state, ide_drive_pio_post_load().
  ide_drive: {
    minimumVersionId: 0,
    conditional: {
      after: 'identify_set',
      field: (context) => (value(context, 'identify_set') === 0 ? undefined : { name: 'identify_data', size: 512 }),
    },
    counts: { identify_data: (context) => (value(context, 'identify_set') === 0 ? 0 : 1) },
  },
  'ide_drive/pio_state': {
    postLoad: (incoming, file, context) =>
      value(context, 'end_transfer_fn_idx') >= TRANSFER_ENDS ? refused(incoming, file, context, 'EINVAL') : undefined,
  },
  ide: { minimumVersionId: 0 },
  'ide bmdma': { minimumVersionId: 0 },
  // hw/input/ps2.c.
  'PS2 Common State': { minimumVersionId: 2 },
  ps2kbd: { minimumVersionId: 2 },
  ps2mouse: { minimumVersionId: 2 },
  // hw/timer/hpet.c: up to 9.x as many as the stream says, since 10.0 the machine's own number.
  hpet: {
    validate: {
      after: ['num_timers', 'num_timers_save'],
      name: (field) => (field === 'num_timers' ? 'num_timers in range' : 'num_timers must match'),
      valid(context, field) {
        const count = context.values.get(field);
        // Version 1 does not say how many; pre_load has set 3, and 10.0 left the other number 0.
        if (count === undefined) return field === 'num_timers';
        if (field === 'num_timers') return Number(count) >= 3 && Number(count) <= 32;
        return (context.localValues.get(field) ?? count) === count;
      },
    },
    counts: {
      timer: (context) =>
        context.values.has('num_timers') ? value(context, 'num_timers') : context.versionId < 2 ? 3 : undefined,
    },
  },
  // hw/i386/vapic.c:vapic_post_load(): the ROM is looked for in guest memory.
  'kvm-tpr-opt': {
    postLoad(incoming, file, context) {
      if (value(context, 'state') === 0 && value(context, 'rom_state_paddr') === 0) return undefined;
      const first =
        incoming.destination.blocks.find(({ name }) => name === 'pc.ram' || name === 'mem0')?.usedLength ?? 0;
      if (value(context, 'rom_state_paddr') === 0 || (first > 0 && value(context, 'rom_state_paddr') >= first))
        return refused(incoming, file, context, 'EPERM');
      incoming.unknowns.add('whether the option ROM of kvmvapic is in the memory that the stream brings');
      return undefined;
    },
  },
  // hw/nvram/fw_cfg.c:fw_cfg_acpi_mr_restore_post_load(): the blocks are resized, and failing is fatal.
  'fw_cfg/acpi_mr': {
    postLoad(incoming, file, context) {
      const sizes: readonly (readonly [string, string])[] = [
        ['table_mr_size', '/rom@etc/acpi/tables'],
        ['linker_mr_size', '/rom@etc/table-loader'],
        ['rsdp_mr_size', '/rom@etc/acpi/rsdp'],
      ];
      for (const [field, name] of sizes) {
        const block = incoming.destination.blocks.find((known) => known.name === name);
        if (block?.maxLength === undefined || value(context, field) <= block.maxLength) continue;
        throw incoming.ends(file, 'aborts', 'acpi-too-large', {
          block: name,
          received: value(context, field).toString(16),
          maximum: block.maxLength.toString(16),
        });
      }
      return undefined;
    },
  },
};

function globalState(incoming: Incoming, file: QemuFile, context: TableContext): Refusal | undefined {
  const buffer = context.bytes.get('runstate');
  if (buffer === undefined) return undefined;
  const size = Math.min(incoming.behaves('short-run-state') ? 32 : 100, buffer.length);
  const shown = buffer.subarray(0, size);
  const nul = shown.indexOf(0);
  // Without a NUL the last byte becomes one.
  const name = String.fromCharCode(...shown.subarray(0, nul === -1 ? size - 1 : nul));
  incoming.runState = name;
  return runStates.has(name) ? undefined : incoming.refuse(file, 'runstate-unknown', { state: name });
}
