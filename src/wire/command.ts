// QEMU_VM_COMMAND records: no section id, no footer. QEMU: qemu_savevm_command_send() and loadvm_process_command(),
// migration/savevm.c (since 2.5).

import type { commands } from '../release/records.js';
import { be16 } from './kit/codec.js';
import { record } from './kit/record.js';

/** After the type byte 08; `length` bytes of payload follow. */
export const commandHeader = record('command', { command: be16, length: be16 });

/** The numbers of QEMU 3.1 and later. Only 3.0 had POSTCOPY_RESUME at 8 and RECV_BITMAP at 9. */
export const migCommand = {
  openReturnPath: 1,
  ping: 2,
  postcopyAdvise: 3,
  postcopyListen: 4,
  postcopyRun: 5,
  postcopyRamDiscard: 6,
  packaged: 7,
  enableColo: 8,
  postcopyResume: 9,
  recvBitmap: 10,
  switchoverStart: 11,
} as const;

/** Lengths that are allowed; `length` undefined allows any length, a tuple allows each of its values. */
interface CommandFacts {
  readonly name: keyof typeof commands;
  readonly lengths?: readonly number[];
}

export const commandFacts: Readonly<Record<number, CommandFacts>> = {
  1: { name: 'OPEN_RETURN_PATH', lengths: [0] },
  2: { name: 'PING', lengths: [4] },
  3: { name: 'POSTCOPY_ADVISE', lengths: [0, 16] },
  4: { name: 'POSTCOPY_LISTEN', lengths: [0] },
  5: { name: 'POSTCOPY_RUN', lengths: [0] },
  6: { name: 'POSTCOPY_RAM_DISCARD' },
  7: { name: 'PACKAGED', lengths: [4] },
  8: { name: 'ENABLE_COLO', lengths: [0] },
  9: { name: 'POSTCOPY_RESUME', lengths: [0] },
  10: { name: 'RECV_BITMAP' },
  11: { name: 'SWITCHOVER_START', lengths: [0] },
};

/** QEMU's name for a command number, or MIG_CMD 0x… for an unknown number. */
export function commandName(command: number): string {
  return commandFacts[command]?.name ?? `MIG_CMD 0x${command.toString(16)}`;
}
